#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define BAR 24

void progress_begin(struct progress *p, const char *title, int64_t total)
{
	const char *term = secure_getenv("TERM");

	*p = (struct progress){.title = title, .total = total, .begun = clock_mono(), .fd = STDERR_FILENO};
	p->terminal = isatty(p->fd) && !(term && strcmp(term, "dumb") == 0);
	p->shown = p->begun;
}

static int percent(const struct progress *p)
{
	double share;

	if (p->total <= 0)
		return 0;
	share = (double)p->at / (double)p->total;
	return share <= 0 ? 0 : share >= 1 ? 100 : (int)(share * 100);
}

static void show_bar(const struct progress *p)
{
	static const char full[] = "########################";
	int done = percent(p) * BAR / 100;

	if (p->total > 0)
		dprintf(p->fd, "\r\033[K%s [%.*s%*s] %3d%%", p->title, done, full, BAR - done, "", percent(p));
	else
		dprintf(p->fd, "\r\033[K%s %lld", p->title, (long long)p->at);
}

static void show_line(const struct progress *p)
{
	if (p->total > 0)
		dprintf(p->fd, "%s: %d%%\n", p->title, percent(p));
	else
		dprintf(p->fd, "%s: %lld\n", p->title, (long long)p->at);
}

void progress_to(struct progress *p, int64_t at)
{
	int64_t now = clock_mono();

	p->at = at;
	if (now - p->shown < (p->terminal ? 100 : 5000))
		return;
	p->shown = now;
	if (p->terminal)
		show_bar(p);
	else
		show_line(p);
}

void progress_end(struct progress *p, const char *done)
{
	dprintf(p->fd, "%s%s: %s, %.1f s\n", p->terminal ? "\r\033[K" : "", p->title, done,
		(double)(clock_mono() - p->begun) / 1000);
}
