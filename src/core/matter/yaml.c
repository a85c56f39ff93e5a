#include "core/matter/yaml.h"

#include <stdarg.h>
#include <yaml.h>

#include "base/utf8.h"

#define MOST_FAULTS 100

void faults_init(struct faults *f, struct str file)
{
	f->file = file;
	f->n = 0;
	buf_init(&f->text, 128 * 1024);
}

#define MEANT "；是否想写“"
#define ASKED "”？"

/* Both languages are given the same arguments, so that the hint of nearest_zh() stands in the English too. */
static void add_english(struct buf *o, const char *text)
{
	const char *hint = strstr(text, MEANT), *end = hint ? strstr(hint, ASKED) : NULL;

	if (!end) {
		buf_addz(o, text);
		return;
	}
	buf_add(o, text, (size_t)(hint - text));
	buf_addz(o, "; did you mean “");
	hint += strlen(MEANT);
	buf_add(o, hint, (size_t)(end - hint));
	buf_addz(o, "”?");
	buf_addz(o, end + strlen(ASKED));
}

void fault(struct faults *f, int line, const char *zh, const char *en, ...)
{
	char text[1024];
	va_list ap, again;

	if (f->n++ >= MOST_FAULTS)
		return;
	va_start(ap, en);
	va_copy(again, ap);
	buf_printf(&f->text, "%.*s:%d: ", STR_ARG(f->file), line);
	vsnprintf(text, sizeof(text), zh, ap);
	buf_addz(&f->text, text);
	buf_addz(&f->text, " / ");
	vsnprintf(text, sizeof(text), en, again);
	add_english(&f->text, text);
	buf_addc(&f->text, '\n');
	va_end(again);
	va_end(ap);
}

struct str faults_text(struct faults *f, struct arena *a)
{
	struct str s = arena_str(a, str_trim(buf_str(&f->text)));

	buf_release(&f->text);
	return s;
}

/* ---- reading ---- */

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	struct faults *faults;
	struct yaml_node *open[YAML_MOST_DEPTH]; /* containers around us */
	int depth;
	size_t nodes;
	struct yaml_node *root;
	struct str key;      /* waiting for its value */
	bool has_key, failed;
};

static void fail(struct reader *r, int line, const char *zh, const char *en)
{
	fault(r->faults, line, zh, en);
	r->failed = true;
}

static bool key_twice(const struct yaml_node *map, struct str key)
{
	for (const struct yaml_node *n = map->first; n; n = n->next)
		if (str_eq(n->key, key))
			return true;
	return false;
}

static struct yaml_node *add(struct reader *r, enum yaml_kind kind, int line)
{
	struct yaml_node *n = arena_new(r->arena, struct yaml_node);
	struct yaml_node *up = r->depth ? r->open[r->depth - 1] : NULL;

	n->kind = kind;
	n->line = line;
	if (++r->nodes > YAML_MOST_NODES)
		fail(r, line, "文件里的条目太多（最多 20000 条）；请拆成几个文件", "too many entries in one file (at most 20000); split it");
	if (up == NULL) {
		r->root = n;
		return n;
	}
	if (up->kind == YAML_MAP) {
		n->key = r->key;
		r->has_key = false;
	}
	if (up->last)
		up->last->next = n;
	else
		up->first = n;
	up->last = n;
	up->n++;
	return n;
}

static bool wants_key(const struct reader *r)
{
	return r->depth && r->open[r->depth - 1]->kind == YAML_MAP && !r->has_key;
}

static void open_container(struct reader *r, enum yaml_kind kind, int line)
{
	if (wants_key(r)) {
		fail(r, line, "冒号左边须是一个词", "what stands left of the colon must be a word");
		return;
	}
	if (r->depth == YAML_MOST_DEPTH) {
		fail(r, line, "层次太深（最多 12 层）；请检查缩进和括号", "nested too deep (at most 12); check indentation and brackets");
		return;
	}
	r->open[r->depth] = add(r, kind, line);
	r->depth++;
}

static void scalar(struct reader *r, const yaml_event_t *e, int line)
{
	struct str s = {(const char *)e->data.scalar.value, e->data.scalar.length};

	s = arena_str(r->arena, s.p ? s : STR(""));
	if (!utf8_plain(s, true)) {
		fail(r, line, "有看不见的控制字符；请删去重打", "invisible control characters; delete and type again");
		return;
	}
	if (wants_key(r)) {
		if (key_twice(r->open[r->depth - 1], s))
			fault(r->faults, line, "“%.*s”写了两次；删去一处", "“%.*s” stands twice; delete one", STR_ARG(s));
		r->key = s;
		r->has_key = true;
		return;
	}
	add(r, YAML_WORD, line)->word = s;
}

static bool decorated(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor || e->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor || e->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor || e->data.mapping_start.tag;
	default:
		return e->type == YAML_ALIAS_EVENT;
	}
}

static void take(struct reader *r, const yaml_event_t *e)
{
	int line = (int)e->start_mark.line + 1;

	if (decorated(e)) {
		fail(r, line, "不用锚点（&）、引用（*）和标签（!）；请把内容直接写出来，星号等符号加引号",
		     "anchors (&), references (*) and tags (!) are not used here; write the content out, quote signs");
		return;
	}
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->root)
			fail(r, line, "一个文件只写一份；删去“---”以下部分", "one document a file; delete what follows “---”");
		break;
	case YAML_SCALAR_EVENT:
		scalar(r, e, line);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_container(r, YAML_LIST, line);
		break;
	case YAML_MAPPING_START_EVENT:
		open_container(r, YAML_MAP, line);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		break;
	default:
		break;
	}
}

static void read_events(struct reader *r)
{
	yaml_event_t e;
	bool end = false;

	while (!end && !r->failed) {
		if (!yaml_parser_parse(&r->parser, &e)) {
			fault(r->faults, (int)r->parser.problem_mark.line + 1,
			      "读不懂这里的写法（%s）；请检查冒号后的空格、缩进、括号和引号是否成对",
			      "cannot be read (%s); check the space behind colons, indentation, brackets and quotes",
			      r->parser.problem ? r->parser.problem : "?");
			r->failed = true;
			return;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		take(r, &e);
		yaml_event_delete(&e);
	}
}

struct yaml_node *yaml_read(struct arena *a, struct str text, struct faults *f)
{
	struct reader r = {.arena = a, .faults = f};

	if (text.n > YAML_MOST_BYTES) {
		fault(f, 1, "文件太大（最多 256 KiB）", "the file is too big (at most 256 KiB)");
		return NULL;
	}
	if (!utf8_valid(text)) {
		size_t at = utf8_good(text);
		int line = 1;

		for (size_t i = 0; i < at; i++)
			line += text.p[i] == '\n';
		fault(f, line, "不是 UTF-8 编码；请用 UTF-8 另存", "not UTF-8; save the file as UTF-8");
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
	read_events(&r);
	yaml_parser_delete(&r.parser);
	if (r.failed)
		return NULL;
	if (r.root == NULL)
		fault(f, 1, "文件是空的", "the file is empty");
	return r.root;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *n = map->first; n; n = n->next)
		if (str_eqz(n->key, key))
			return n;
	return NULL;
}

/* ---- did you mean ---- */

#define LONGEST 48

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, put in, take out, or swap with a neighbour. */
static size_t edits(struct str x, struct str y)
{
	size_t row[3][LONGEST + 1];

	for (size_t j = 0; j <= y.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= x.n; i++) {
		size_t *now = row[i % 3], *one = row[(i + 2) % 3], *two = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= y.n; j++) {
			size_t d = least(least(one[j], now[j - 1]) + 1, one[j - 1] + (x.p[i - 1] != y.p[j - 1]));

			if (i > 1 && j > 1 && x.p[i - 1] == y.p[j - 2] && x.p[i - 2] == y.p[j - 1])
				d = least(d, two[j - 2] + 1);
			now[j] = d;
		}
	}
	return row[x.n % 3][y.n];
}

void nearest_try(struct nearest *n, struct str word)
{
	size_t d;

	if (n->typed.n > LONGEST || word.n > LONGEST || n->typed.n == 0 || word.n == 0)
		return;
	d = edits(n->typed, word);
	if (d * 3 <= n->typed.n + 2 && (n->best.p == NULL || d < n->distance)) {
		n->best = word;
		n->distance = d;
	}
}

struct str nearest_zh(struct arena *a, const struct nearest *n)
{
	return n->best.p ? arena_printf(a, MEANT "%.*s" ASKED, STR_ARG(n->best)) : STR("");
}
