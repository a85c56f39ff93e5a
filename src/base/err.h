/*
 * Results that a function may return. One enum for the whole program: three kinds of trouble are never mixed.
 *
 *  - expected (bad input, not found, conflict ...): one of these codes, with the reason kept by the caller
 *    (struct rq for pages, struct why for rules);
 *  - a bug of ours: BUG(), which logs file and line and aborts; a crash is better than a wrong decision
 *    about a citizen's matter;
 *  - out of memory: the allocator aborts, except buffers with a cap, which return ERR_TOO_MUCH.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	OK = 0,
	ERR_INPUT,     /* 400 the caller sent something that cannot be used */
	ERR_LOGIN,     /* 401 nobody is logged in, or the session has ended */
	ERR_FORBIDDEN, /* 403 somebody is logged in, but may not */
	ERR_NOT_FOUND, /* 404 */
	ERR_CONFLICT,  /* 409 somebody else was first, or the state does not allow it */
	ERR_TOO_MUCH,  /* 413 over a limit */
	ERR_RULE,      /* 422 a rule blocks it; the rule and its legal source are named in the reason */
	ERR_RATE,      /* 429 too many tries */
	ERR_BUSY,      /* 503 soft: the same call may succeed when repeated */
	ERR_DB,        /* 500 hard: the store failed */
	ERR_IO,        /* 500 hard: file, network or helper process failed (also a full disk) */
	ERR__MAX
};

#define CHECKED __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Short name in English for logs: "not_found". Static storage. */
const char *err_name(enum err e);

/* HTTP status that stands for the code: 404. */
int err_http_status(enum err e);

/* Our fault: log file, line and message, then abort. Never returns. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);

#endif
