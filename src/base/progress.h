/*
 * How far long work has come, on standard error: a bar on a terminal, a plain line now and then elsewhere (a log, CI).
 *
 *	struct progress p;
 *
 *	progress_begin(&p, "导入诉求", csv_size(c));
 *	while (...)
 *		progress_to(&p, csv_position(c));
 *	progress_end(&p, "29,431 rows");
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *title;  /* borrowed until the end */
	int64_t total;      /* 0: unknown */
	int64_t at, begun, shown;
	int fd;
	bool terminal;
};

void progress_begin(struct progress *p, const char *title, int64_t total);
/* Cheap: shows something at most ten times a second on a terminal, every five seconds elsewhere. */
void progress_to(struct progress *p, int64_t at);
/* Clears the bar and leaves one line: title, what was done, seconds. */
void progress_end(struct progress *p, const char *done);

#endif
