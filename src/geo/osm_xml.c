/*
 * .osm as XML, by libxml2's push parser: elements come as calls, no tree is made. No document type is let in, so there are no entities to expand and
 * nothing outside the file is ever looked at; libxml2 itself limits names, texts and depth.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "geo/osm_inner.h"

#define CHUNK (256u << 10)
#define TEXT_MAX (512u << 10)    /* of the keys, values and roles of one thing */
#define DEPTH_MAX 16

struct reading {
	struct osm *o;
	xmlParserCtxtPtr xml;
	int depth;
	enum osm_kind kind;      /* 0: outside of things */
	bool skipped;            /* this thing is not wanted, or larger than any real one */
	bool ended;              /* the sink has had enough */
	int64_t id;
	size_t ntags, nrefs;
	struct buf text;         /* what tags and roles are made of: positions until the thing is whole */
	const char *zh, *en;     /* what is wrong */
	long line;
};

static void fail(struct reading *r, const char *zh, const char *en)
{
	if (r->zh == NULL) {
		r->zh = zh;
		r->en = en;
		r->line = xmlSAX2GetLineNumber(r->xml);
	}
	xmlStopParser(r->xml);
}

/* ---- attributes: five pointers each (name, prefix, uri, value, end) ---- */

static struct str attribute(const xmlChar **v, int n, const char *name)
{
	for (int i = 0; i < n; i++, v += 5)
		if (v[1] == NULL && strcmp((const char *)v[0], name) == 0)
			return (struct str){(const char *)v[3], (size_t)(v[4] - v[3])};
	return STR_NULL;
}

static bool number(struct reading *r, const xmlChar **v, int n, const char *name, int64_t *out)
{
	if (str_i64(attribute(v, n, name), out))
		return true;
	fail(r, "缺编号，或编号不是整数", "an id is missing or is no whole number");
	return false;
}

/* The buffer may move while it grows: until the thing is whole a string is where it begins, and how long it is. */
static struct str keep(struct reading *r, struct str s)
{
	size_t at = r->text.n;

	buf_adds(&r->text, s);
	if (buf_check(&r->text) != OK)
		r->skipped = true;
	return (struct str){(const char *)(uintptr_t)at, s.n};
}

static struct str kept(struct reading *r, struct str s)
{
	return (struct str){buf_str(&r->text).p + (uintptr_t)s.p, s.n};
}

/* ---- elements ---- */

static void begin_node(struct reading *r, const xmlChar **v, int n)
{
	struct str visible = attribute(v, n, "visible");
	struct shape_point at;
	double lon, lat;

	if (!(r->o->sink->kinds & OSM_NODE) || str_eqz(visible, "false"))
		return;
	if (!str_f64(attribute(v, n, "lon"), &lon) || !str_f64(attribute(v, n, "lat"), &lat) || !osm_point(lon, lat, &at))
		r->o->left_out++;
	else if (!r->o->sink->node(r->o->sink->arg, r->id, at))
		r->ended = true;
	if (r->ended)
		xmlStopParser(r->xml);
}

static void begin_thing(struct reading *r, enum osm_kind kind, const xmlChar **v, int n)
{
	if (r->kind) {
		fail(r, "要素里不能再有要素", "a thing stands inside another one");
		return;
	}
	if (!number(r, v, n, "id", &r->id))
		return;
	r->kind = kind;
	r->skipped = !(r->o->sink->kinds & (unsigned)kind) || str_eqz(attribute(v, n, "visible"), "false");
	r->ntags = r->nrefs = 0;
	buf_clear(&r->text);
	if (kind == OSM_NODE)
		begin_node(r, v, n);
}

static void add_tag(struct reading *r, const xmlChar **v, int n)
{
	struct str key = attribute(v, n, "k"), value = attribute(v, n, "v");

	if (key.p == NULL || value.p == NULL)
		fail(r, "tag 缺 k 或 v", "a tag without k or v");
	else if (!r->skipped && r->ntags < OSM_TAGS_MAX) {
		key = keep(r, key);
		r->o->tags[r->ntags++] = (struct osm_tag){key, keep(r, value)};
	}
}

static void add_ref(struct reading *r, const xmlChar **v, int n)
{
	int64_t ref;

	if (!number(r, v, n, "ref", &ref))
		return;
	if (r->nrefs == OSM_REFS_MAX)
		r->skipped = true;
	if (!r->skipped)
		r->o->refs[r->nrefs++] = ref;
}

static void add_member(struct reading *r, const xmlChar **v, int n)
{
	struct str type = attribute(v, n, "type"), role = attribute(v, n, "role");
	enum osm_kind kind = str_eqz(type, "way") ? OSM_WAY : str_eqz(type, "node") ? OSM_NODE : OSM_RELATION;
	int64_t ref;

	if (!number(r, v, n, "ref", &ref))
		return;
	if (r->nrefs == OSM_REFS_MAX)
		r->skipped = true;
	if (!r->skipped)
		r->o->members[r->nrefs++] = (struct osm_member){ref, kind, keep(r, role.p ? role : STR(""))};
}

static void on_begin(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int nns, const xmlChar **ns, int n, int ndefault,
		     const xmlChar **v)
{
	struct reading *r = arg;
	struct str is = str_from((const char *)name);

	(void)prefix, (void)uri, (void)nns, (void)ns, (void)ndefault;
	if (++r->depth > DEPTH_MAX)
		fail(r, "元素套得太深", "elements lie too deep in each other");
	else if (r->depth == 1 && !str_eqz(is, "osm"))
		fail(r, "最外层不是 osm", "the outermost element is not osm");
	else if (r->depth == 2 && str_eqz(is, "node"))
		begin_thing(r, OSM_NODE, v, n);
	else if (r->depth == 2 && str_eqz(is, "way"))
		begin_thing(r, OSM_WAY, v, n);
	else if (r->depth == 2 && str_eqz(is, "relation"))
		begin_thing(r, OSM_RELATION, v, n);
	else if (r->depth == 3 && r->kind && r->kind != OSM_NODE && str_eqz(is, "tag"))
		add_tag(r, v, n);
	else if (r->depth == 3 && r->kind == OSM_WAY && str_eqz(is, "nd"))
		add_ref(r, v, n);
	else if (r->depth == 3 && r->kind == OSM_RELATION && str_eqz(is, "member"))
		add_member(r, v, n);
}

/* Positions become strings: nothing is added any more. */
static void settle(struct reading *r)
{
	struct osm *o = r->o;

	for (size_t i = 0; i < r->ntags; i++)
		o->tags[i] = (struct osm_tag){kept(r, o->tags[i].key), kept(r, o->tags[i].value)};
	for (size_t i = 0; r->kind == OSM_RELATION && i < r->nrefs; i++)
		o->members[i].role = kept(r, o->members[i].role);
}

static void end_thing(struct reading *r)
{
	struct osm *o = r->o;
	const struct osm_tags tags = {o->tags, r->ntags};
	bool more = true;

	if (r->kind == OSM_NODE)
		return;
	if (r->skipped) {
		o->left_out += (o->sink->kinds & (unsigned)r->kind) != 0;
		return;
	}
	settle(r);
	if (r->kind == OSM_WAY)
		more = o->sink->way(o->sink->arg, &(struct osm_way){r->id, tags, o->refs, r->nrefs});
	else
		more = o->sink->relation(o->sink->arg, &(struct osm_relation){r->id, tags, o->members, r->nrefs});
	if (!more) {
		r->ended = true;
		xmlStopParser(r->xml);
	}
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *r = arg;

	(void)name, (void)prefix, (void)uri;
	if (r->depth-- == 2 && r->kind) {
		end_thing(r);
		r->kind = 0;
	}
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	fail(arg, "不接受带文档类型声明（DOCTYPE）的文件", "a document type (DOCTYPE) is not accepted");
}

static void on_trouble(void *arg, const char *fmt, ...)
{
	(void)arg, (void)fmt;    /* libxml2 keeps the last error; nothing goes to standard error */
}

/* ---- the file ---- */

static enum err say(struct reading *r, int64_t at)
{
	const xmlError *x = xmlCtxtGetLastError(r->xml);
	long line = r->zh ? r->line : x ? x->line : 0;
	struct str told = str_trim(str_from(x && x->message ? x->message : "not XML"));

	if (r->zh)
		*r->o->why = arena_printf(r->o->a, "第 %ld 行：%s (line %ld: %s)", line, r->zh, line, r->en);
	else
		*r->o->why = arena_printf(r->o->a, "第 %ld 行（约第 %lld 字节）：不是完整的 XML (line %ld, near byte %lld: %.*s)", line, (long long)at, line,
					  (long long)at, STR_ARG(told));
	return ERR_INPUT;
}

static enum err feed(struct reading *r, char *chunk)
{
	struct osm *o = r->o;
	int64_t at = 0;
	ssize_t n;

	do {
		n = pread(o->fd, chunk, CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*o->why = arena_printf(o->a, "读不了：%s (cannot be read: %s)", strerror(errno), strerror(errno));
			return ERR_IO;
		}
		at += n;
		if (xmlParseChunk(r->xml, chunk, (int)n, n == 0) != 0 && !r->ended)
			return say(r, at);
		if (r->ended || (o->sink->progress && !o->sink->progress(o->sink->arg, at)))
			return ERR_BUSY;
	} while (n != 0);
	return r->zh ? say(r, at) : OK;
}

enum err osm_pass_xml(struct osm *o)
{
	xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = on_begin, .endElementNs = on_end, .internalSubset = on_doctype,
			     .warning = on_trouble, .error = on_trouble, .fatalError = on_trouble};
	struct reading r = {.o = o};
	char *chunk = malloc(CHUNK);
	enum err e;

	r.xml = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (chunk == NULL || r.xml == NULL)
		BUG("out of memory");
	/* NOENT: &amp; in a value is a plain sign; there are no entities of a document's own, since a DOCTYPE ends the reading */
	(void)xmlCtxtUseOptions(r.xml, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	buf_init(&r.text, TEXT_MAX);
	e = feed(&r, chunk);
	xmlFreeParserCtxt(r.xml);
	buf_release(&r.text);
	free(chunk);
	return e;
}
