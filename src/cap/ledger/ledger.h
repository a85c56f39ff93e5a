/* Proofs for everybody and the audit's view of the journal. */
#ifndef CAP_LEDGER_H
#define CAP_LEDGER_H

#include <stdio.h>

#include "core/journal/receipt.h"
#include "web/web.h"

/* ---- pages ---- */
struct ledger_view {
	bool any;                /* a head is there */
	struct journal_head head;
	struct str log, hash, root, signature, key;
};

struct ledger_line {
	int64_t seq, at, actor, subject;
	struct str name;         /* of the actor; empty: a resident or the system */
	struct str kind, place, data;
};
struct ledger_audit_view {
	struct ledger_line *v;
	size_t n;
	struct str next;         /* address of the next page; empty: this is the end */
	struct str kind, actor, subject, from, to, place; /* the filter as typed */
	bool filtered;
	int64_t newest;
};

/* ---- the command line ---- */
int ledger_verify(int argc, char **argv);
/* What a proved receipt says, in both languages. */
void ledger_tell(FILE *out, struct arena *a, const struct receipt *r);

#endif
