/* Receipts: written from the store, read and proved from nothing but the file and the public key. */
#include "core/journal/receipt.h"

#include <jansson.h>

#include "base/json.h"
#include "core/journal/inner.h"

/* ---- writing ---- */

static void write_entry(struct json *j, const struct journal_entry *e)
{
	json_key(j, "entry");
	json_obj(j);
	json_key(j, "seq");
	json_i64(j, e->seq);
	json_key(j, "at");
	json_i64(j, e->at);
	json_key(j, "actor");
	json_id(j, e->actor);
	json_key(j, "kind");
	json_str(j, e->kind);
	json_key(j, "subject");
	json_id(j, e->subject);
	json_key(j, "place");
	json_str(j, e->place);
	json_key(j, "data");
	json_str(j, e->data);
	json_end(j);
}

static void write_head(struct json *j, struct arena *a, const struct journal_head *h)
{
	json_key(j, "head");
	json_obj(j);
	json_key(j, "size");
	json_i64(j, h->size);
	json_key(j, "at");
	json_i64(j, h->at);
	json_key(j, "root");
	json_str(j, hex(a, h->root, HASH_SIZE));
	json_key(j, "key");
	json_str(j, h->key_id);
	json_key(j, "signature");
	json_str(j, base64url(a, h->signature.p, h->signature.n));
	json_end(j);
}

static enum err write_receipt(struct arena *a, const struct receipt *r, struct str *out)
{
	struct buf b;
	struct json j;
	enum err e;

	buf_init(&b, RECEIPT_MAX);
	json_init(&j, &b);
	json_obj(&j);
	json_key(&j, "gongzhi");
	json_strz(&j, "receipt-1");
	json_key(&j, "log");
	json_str(&j, r->log);
	json_key(&j, "hash");
	json_str(&j, r->hash);
	write_entry(&j, &r->entry);
	json_key(&j, "path");
	json_arr(&j);
	for (size_t i = 0; i < r->npath; i++)
		json_str(&j, hex(a, r->path[i], HASH_SIZE));
	json_end(&j);
	write_head(&j, a, &r->head);
	json_end(&j);
	json_done(&j);
	buf_addc(&b, '\n');
	e = buf_check(&b);
	if (e == OK)
		*out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return e;
}

enum err journal_receipt(struct db *db, struct arena *a, int64_t seq, struct str *json)
{
	struct receipt r = {0};
	struct journal_entry *v;
	struct db_conn *c;
	size_t n = 0;
	enum err e = journal_head_for(db, a, seq, &r.head);

	if (e != OK)
		return e;
	c = db_read_begin(db);
	e = journal_log_name(c, a, &r.log, &r.hash);
	if (e == OK)
		e = journal_read(c, a, seq - 1, 1, &v, &n);
	if (e == OK && (n == 0 || v[0].seq != seq))
		e = ERR_NOT_FOUND;
	if (e == OK) {
		r.entry = v[0];
		e = journal_inclusion(c, a, seq, r.head.size, &r.path, &r.npath);
	}
	db_read_end(c);
	return e == OK ? write_receipt(a, &r, json) : e;
}

/* ---- reading: every field must be there, of its type, in its bounds ---- */

static bool read_hash(const json_t *v, unsigned char out[HASH_SIZE])
{
	const char *p = json_string_value(v);

	return p && unhex((struct str){p, json_string_length(v)}, out, HASH_SIZE);
}

static bool read_entry(struct arena *a, const json_t *o, struct journal_entry *e)
{
	if (!json_get_i64(o, "seq", &e->seq) || !json_get_i64(o, "at", &e->at) || !json_get_i64(o, "actor", &e->actor) ||
	    !json_get_i64(o, "subject", &e->subject) || !json_get_str(o, "kind", &e->kind) || !json_get_str(o, "place", &e->place) ||
	    !json_get_str(o, "data", &e->data))
		return false;
	e->kind = arena_str(a, e->kind);
	e->place = arena_str(a, e->place);
	e->data = arena_str(a, e->data);
	return e->seq > 0 && e->kind.n <= JOURNAL_KIND_MAX && e->place.n <= JOURNAL_PLACE_MAX && e->data.n <= JOURNAL_DATA_MAX;
}

static bool read_head(struct arena *a, const json_t *o, struct journal_head *h)
{
	struct str signature, key;

	if (!json_get_i64(o, "size", &h->size) || !json_get_i64(o, "at", &h->at) || !read_hash(json_get(o, "root"), h->root) ||
	    !json_get_str(o, "key", &key) || !json_get_str(o, "signature", &signature) || signature.n > 256 || key.n > 64 ||
	    !unbase64url(a, signature, &h->signature))
		return false;
	h->key_id = arena_str(a, key);
	return h->size > 0;
}

static bool read_path(struct arena *a, const json_t *v, struct receipt *r)
{
	size_t n = json_array_size(v);

	if (!json_is_array(v) || n > MERKLE_PATH_MAX)
		return false;
	r->path = arena_array(a, merkle_hash, n);
	r->npath = n;
	for (size_t i = 0; i < n; i++)
		if (!read_hash(json_array_get(v, i), r->path[i]))
			return false;
	return true;
}

static enum err bad(struct str *why, const char *text)
{
	*why = str_from(text);
	return ERR_INPUT;
}

enum err receipt_read(struct arena *a, struct str json, struct receipt *out, struct str *why)
{
	static const struct json_limits limits = {.bytes = RECEIPT_MAX, .depth = 4, .values = 500};
	struct str form;
	json_t *o;
	enum err e = json_parse(a, json, &limits, &o, why);

	*out = (struct receipt){0};
	if (e != OK)
		return e;
	if (!json_get_str(o, "gongzhi", &form) || !str_eqz(form, "receipt-1"))
		return bad(why, "这不是共治平台的回执文件；this is not a gongzhi receipt (\"gongzhi\": \"receipt-1\")");
	if (!json_get_str(o, "log", &out->log) || out->log.n != 32 || !json_get_str(o, "hash", &out->hash) ||
	    !hash_of_name(out->hash, &out->alg))
		return bad(why, "回执里 log 或 hash 不对；\"log\" or \"hash\" of the receipt is missing or unknown");
	out->log = arena_str(a, out->log);
	out->hash = arena_str(a, out->hash);
	if (!read_entry(a, json_get(o, "entry"), &out->entry))
		return bad(why, "回执里 entry 缺项或不对；\"entry\" of the receipt is incomplete or wrong");
	if (!read_head(a, json_get(o, "head"), &out->head))
		return bad(why, "回执里 head 缺项或不对；\"head\" of the receipt is incomplete or wrong");
	if (!read_path(a, json_get(o, "path"), out))
		return bad(why, "回执里 path 不对；\"path\" of the receipt is wrong");
	return OK;
}

/* ---- proving ---- */

enum err receipt_prove(struct arena *a, const struct receipt *r, struct str public_key, struct str *why)
{
	merkle_hash leaf;

	entry_leaf(r->alg, &r->entry, leaf);
	if (!merkle_check_inclusion(r->alg, (uint64_t)r->entry.seq - 1, (uint64_t)r->head.size, leaf, r->head.root,
				    (const merkle_hash *)r->path, r->npath)) {
		*why = STR("记录与证明对不上：回执内容被改过；the entry does not fit its proof: the receipt was altered");
		return ERR_CONFLICT;
	}
	return head_check(a, r->log, r->hash, &r->head, public_key, why);
}

enum err journal_receipt_check(struct arena *a, struct str json, struct str public_key, struct journal_entry *entry, struct str *why)
{
	struct receipt r;
	enum err e = receipt_read(a, json, &r, why);

	if (e == OK)
		e = receipt_prove(a, &r, public_key, why);
	if (e == OK)
		*entry = r.entry;
	return e;
}
