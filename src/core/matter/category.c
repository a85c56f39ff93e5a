#include "core/matter/category.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core/matter/scenario_read.h"

#define MOST 500
#define PAIR ((size_t)6) /* bytes of two Chinese signs */
#define SHORT 0xffff     /* in category.pairs: a word of less than two */

struct tree {
	struct arena arena;
	struct category *v;
	size_t n;
	struct tree *former; /* kept: pages may hold pointers into it */
};

static struct tree *current;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

size_t category_list(const struct category **v)
{
	size_t n;

	pthread_rwlock_rdlock(&lock);
	*v = current ? current->v : NULL;
	n = current ? current->n : 0;
	pthread_rwlock_unlock(&lock);
	return n;
}

const struct category *category_find(struct str id)
{
	const struct category *v;
	size_t n = category_list(&v);

	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].id, id))
			return &v[i];
	return NULL;
}

void category_forget(void)
{
	pthread_rwlock_wrlock(&lock);
	while (current) {
		struct tree *t = current;

		current = t->former;
		arena_release(&t->arena);
		free(t);
	}
	pthread_rwlock_unlock(&lock);
}

/* ---- reading the file ---- */

static struct category *read_one(struct reading *r, struct tree *t, const struct yaml_node *n, struct str parent)
{
	static const char *const keys[] = {"title", "advice", "words", "emergency", "contact", "children", NULL};
	struct category *c = &t->v[t->n];

	if (t->n == MOST) {
		fault(r->f, n->line, "类别太多（最多 500 个）", "too many categories (at most 500)");
		return NULL;
	}
	if (!read_kind(r, n, YAML_MAP, "categories"))
		return NULL;
	if (!read_is_id(n->key))
		fault(r->f, n->line, "类别名“%.*s”不合格；用小写字母开头，只用小写字母、数字、下划线、短横",
		      "category name “%.*s” will not do; begin with a small letter, use a-z 0-9 _ -", STR_ARG(n->key));
	read_keys(r, n, keys, "categories ");
	t->n++;
	c->parent = parent;
	c->id = parent.n ? arena_printf(r->a, "%.*s.%.*s", STR_ARG(parent), STR_ARG(n->key)) : n->key;
	c->title = read_text2(r, n, "title", true);
	c->advice = read_text2(r, n, "advice", false);
	c->words = read_words(r, n, "words", &c->nwords);
	c->emergency = read_bool(r, n, "emergency");
	c->contact = read_bool(r, n, "contact");
	if (c->emergency && c->advice.zh.n == 0)
		fault(r->f, n->line, "紧急类别要写 advice（例如“请先拨打 110、119、120”）", "an emergency category needs advice (ring 110, 119, 120 first)");
	return c;
}

static void read_tree(struct reading *r, struct tree *t)
{
	static const char *const keys[] = {"categories", "note", NULL};
	const struct yaml_node *map = yaml_get(r->root, "categories");

	read_keys(r, r->root, keys, "file ");
	if (map == NULL || !read_kind(r, map, YAML_MAP, "categories"))
		return;
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		const struct yaml_node *children = yaml_get(n, "children");
		struct category *top = read_one(r, t, n, STR(""));

		if (top == NULL || children == NULL || !read_kind(r, children, YAML_MAP, "children"))
			continue;
		for (const struct yaml_node *k = children->first; k; k = k->next) {
			read_one(r, t, k, top->id);
			if (yaml_get(k, "children"))
				fault(r->f, k->line, "类别只有两层", "categories have two levels only");
		}
	}
	if (t->n == 0)
		fault(r->f, r->root->line, "没有类别", "there are no categories");
}

/* One of 4096 bits. */
static uint16_t pair_bit(const char *p)
{
	uint64_t v = 0;

	memcpy(&v, p, PAIR);
	return (uint16_t)(v * 0x9e3779b97f4a7c15u >> 52);
}

/* The reader's tree dies with its arena: copy what stays. */
static void copy_words(struct arena *a, struct category *c)
{
	struct str *v = arena_array(a, struct str, c->nwords + 1);

	c->pairs = arena_array(a, uint16_t, c->nwords + 1);
	for (size_t i = 0; i < c->nwords; i++) {
		v[i] = arena_str(a, c->words[i]);
		c->pairs[i] = v[i].n >= PAIR ? pair_bit(v[i].p) : SHORT;
	}
	c->words = v;
	c->id = arena_str(a, c->id);
	c->parent = arena_str(a, c->parent);
	c->title = (struct text2){arena_str(a, c->title.zh), arena_str(a, c->title.en)};
	c->advice = (struct text2){arena_str(a, c->advice.zh), arena_str(a, c->advice.en)};
}

void category_read(const struct yaml_node *root, struct faults *f)
{
	struct tree *t = calloc(1, sizeof(*t));
	struct reading r = {.f = f, .root = root};

	if (t == NULL)
		abort();
	arena_init(&t->arena, 16 * 1024 * 1024);
	r.a = &t->arena;
	t->v = arena_array(&t->arena, struct category, MOST);
	if (read_kind(&r, root, YAML_MAP, "categories"))
		read_tree(&r, t);
	if (f->n) {
		arena_release(&t->arena);
		free(t);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		copy_words(&t->arena, &t->v[i]);
	pthread_rwlock_wrlock(&lock);
	t->former = current;
	current = t;
	pthread_rwlock_unlock(&lock);
}

/* ---- suggestion ---- */

/* Which pairs of signs the text may hold: spares a walk through it for nearly all of some hundred words. */
struct pairs {
	uint64_t bits[64];
};

static void pairs_of(struct str text, struct pairs *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i + PAIR <= text.n; i++) {
		unsigned b = pair_bit(text.p + i);

		out->bits[b / 64] |= (uint64_t)1 << b % 64;
	}
}

static bool may_hold(const struct pairs *pairs, unsigned bit)
{
	return bit == SHORT || (pairs->bits[bit / 64] >> bit % 64 & 1);
}

/* A longer word says more; a word said twice says no more than once. */
static double weight(struct str text, const struct pairs *pairs, const struct category *c)
{
	double sum = 0;

	for (size_t i = 0; i < c->nwords; i++)
		if (may_hold(pairs, c->pairs[i]) && c->words[i].n && str_find(text, c->words[i]) >= 0) {
			double n = (double)utf8_count(c->words[i]);

			sum += n * n;
		}
	return sum;
}

size_t category_suggest(struct arena *a, struct str text, struct category_guess *out, size_t max)
{
	const struct category *v;
	size_t count = category_list(&v), n = 0;

	struct pairs pairs;

	(void)a;
	text = str_sub(text, 0, 8000);
	pairs_of(text, &pairs);
	for (size_t i = 0; i < count && max; i++) {
		double w = weight(text, &pairs, &v[i]);
		double score = w / (w + 6);
		size_t at = n;

		if (w <= 0)
			continue;
		while (at > 0 && out[at - 1].score < score)
			at--;
		if (at == max)
			continue;
		n += n < max;
		for (size_t k = n - 1; k > at; k--)
			out[k] = out[k - 1];
		out[at] = (struct category_guess){&v[i], score};
	}
	return n;
}
