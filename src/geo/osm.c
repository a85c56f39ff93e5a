/* Opening an extract: what kind it is, and what is not an extract at all. */
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file_kind.h"
#include "geo/osm_inner.h"

#define HEAD 512

struct str osm_tag(const struct osm_tags *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eqz(t->v[i].key, key))
			return t->v[i].value;
	return STR_NULL;
}

bool osm_point(double lon, double lat, struct shape_point *out)
{
	if (!coord_valid(lon, lat))
		return false;
	*out = shape_point_of(lon, lat);
	return true;
}

static bool has(struct str head, const char *word)
{
	return str_find(head, str_from(word)) >= 0;
}

/* What people take for an extract, said by its name. */
static enum err recognise(struct osm *o, struct str head, struct arena *a, struct str *why)
{
	struct str text = str_trim(head);

	if (head.n >= 14 && memcmp(head.p + 4, "\n\tOSMHeader", 11) == 0)
		return OK;
	o->xml = true;
	if (str_starts(text, "<") && has(text, "<osm") && !has(text, "<osmChange") && !has(text, "<osmAugmentedDiff"))
		return OK;
	if (has(text, "<osmChange") || has(text, "<osmAugmentedDiff"))
		*why = STR("这是改动文件，不是整个区域的数据 (this is a file of changes, not an extract of an area)");
	else
		*why = file_kind_fault(a, head, "OpenStreetMap（.osm.pbf、.osm）");
	if (!why->p)
		*why = STR("不是 OpenStreetMap 数据：要 .osm.pbf 或 .osm 文件 (this is no OpenStreetMap extract: an .osm.pbf or .osm file is needed)");
	return ERR_INPUT;
}

static enum err look_at(struct osm *o, struct arena *a, struct str *why)
{
	char head[HEAD];
	off_t size = lseek(o->fd, 0, SEEK_END);
	ssize_t n = size < 0 ? -1 : pread(o->fd, head, sizeof(head), 0);

	if (size < 0 && errno == ESPIPE) {
		*why = STR("要读几遍，不能从管道读，请给文件 (it is read several times: a file is needed, not a pipe)");
		return ERR_INPUT;
	}
	if (n < 0) {
		*why = arena_printf(a, "读不了：%s (cannot be read: %s)", strerror(errno), strerror(errno));
		return ERR_IO;
	}
	o->size = size;
	if (n == 0) {
		*why = STR("文件是空的 (the file is empty)");
		return ERR_INPUT;
	}
	return recognise(o, (struct str){head, (size_t)n}, a, why);
}

enum err osm_open(struct osm **out, int fd, struct arena *a, struct str *why)
{
	struct osm *o = calloc(1, sizeof(*o));
	enum err e;

	*out = NULL;
	if (o == NULL)
		BUG("out of memory");
	o->fd = fd;
	e = look_at(o, a, why);
	if (e != OK) {
		free(o);
		return e;
	}
	o->refs = malloc(OSM_REFS_MAX * sizeof(*o->refs));
	o->members = malloc(OSM_REFS_MAX * sizeof(*o->members));
	o->tags = malloc(OSM_TAGS_MAX * sizeof(*o->tags));
	o->inflater = libdeflate_alloc_decompressor();
	if (!o->refs || !o->members || !o->tags || !o->inflater)
		BUG("out of memory");
	*out = o;
	return OK;
}

enum err osm_pass(struct osm *o, const struct osm_sink *sink, struct arena *a, struct str *why)
{
	o->sink = sink;
	o->a = a;
	o->why = why;
	o->left_out = 0;
	return o->xml ? osm_pass_xml(o) : osm_pass_pbf(o);
}

int64_t osm_left_out(const struct osm *o)
{
	return o->left_out;
}

int64_t osm_size(const struct osm *o)
{
	return o->size;
}

void osm_close(struct osm *o)
{
	if (o == NULL)
		return;
	if (o->inflater)
		libdeflate_free_decompressor(o->inflater);
	free(o->refs);
	free(o->members);
	free(o->tags);
	free(o->blocks);
	free(o->packed);
	free(o->plain);
	free(o->strings);
	free(o);
}
