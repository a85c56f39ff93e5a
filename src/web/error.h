/* What the page of an error shows (html/error.html). */
#ifndef WEB_ERROR_H
#define WEB_ERROR_H

#include "web/web.h"

struct web_error_view {
	int status;
	const char *title;     /* N_() */
	const char *todo;      /* N_(): what the visitor can do */
	struct str reason;     /* what rq_fail said, translated; may be empty */
	struct str id;         /* of faults of ours, for the log; may be empty */
	struct str back;       /* address to go on from */
};

/* A form whose fields come back to the visitor: the session had ended, or the form was too old. */
struct web_carry_view {
	struct str path;       /* where it is posted */
	struct http_pair *v;   /* hidden fields and what was typed */
	size_t n;
	bool files;            /* there were files, which cannot be carried */
};

#endif
