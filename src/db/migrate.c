#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db.sql.h"
#include "db/inner.h"

/* Two programs migrating at once: the second waits (any number that no id and no order lock uses). */
#define MIGRATE_LOCK (INT64_MAX - 1)

static struct str checksum_text(struct arena *a, const struct db_migration *m)
{
	return arena_printf(a, "%016" PRIx64, m->checksum);
}

static const struct db_schema_list_row *find(const struct db_schema_list_rows *have, const char *module, int number)
{
	for (size_t i = 0; i < have->n; i++)
		if (have->v[i].number == number && str_eqz(have->v[i].module, module))
			return &have->v[i];
	return NULL;
}

/* A module that this program does not have was removed on purpose; only its own migrations are judged. */
static bool newer(const struct db_schema_list_row *r)
{
	for (size_t i = 0; db_modules[i]; i++) {
		const struct db_migration *m = db_modules[i]->migrations;

		if (!str_eqz(r->module, db_modules[i]->name))
			continue;
		while (m->number && m->number != r->number)
			m++;
		return m->number == 0;
	}
	return false;
}

/* Number of missing migrations; < 0 with *why when the store does not fit. */
static int compare(const struct db_schema_list_rows *have, struct arena *a, struct str *why)
{
	int missing = 0;

	for (size_t i = 0; i < have->n; i++)
		if (str_eqz(have->v[i].module, DB_UNFINISHED)) {
			db_why(a, why, "这个数据库的恢复没有完成，内容不全。请删除它，在新的空数据库上重新运行 gongzhi restore。",
			       "A restore into this store was not finished: it is incomplete. Remove it and run gongzhi restore into a new, empty one.");
			return -1;
		}
	for (size_t i = 0; i < have->n; i++)
		if (newer(&have->v[i])) {
			db_why(a, why, "数据库比本程序新：其中已有迁移 %s/%s。请使用更新的程序。",
			       "The store is newer than this program: it has migration %s/%s. Use a newer program.", have->v[i].module.p,
			       have->v[i].name.p);
			return -1;
		}
	for (size_t i = 0; db_modules[i]; i++)
		for (const struct db_migration *m = db_modules[i]->migrations; m->number; m++) {
			const struct db_schema_list_row *r = find(have, db_modules[i]->name, m->number);

			if (r == NULL) {
				missing++;
			} else if (!str_eq(r->checksum, checksum_text(a, m))) {
				db_why(a, why, "已用过的迁移 %s/%s 被改动。迁移一经使用不得修改：请恢复原文，另写新的迁移。",
				       "Migration %s/%s has been changed since it was applied. Never edit one: restore it and write a new one.",
				       db_modules[i]->name, m->name);
				return -1;
			}
		}
	return missing;
}

static int look(struct db_conn *c, struct arena *a, struct db_schema_list_rows *have, struct str *why)
{
	*have = (struct db_schema_list_rows){0};
	if (!c->db->backend->has_table(c, "schema_migration"))
		return compare(have, a, why);
	return q_db_schema_list(c, a, have) == OK ? compare(have, a, why) : -1;
}

int db_schema_state(struct db *db, struct arena *a, struct str *why)
{
	struct db_schema_list_rows have;
	struct db_conn *c = db_read_begin(db);
	int n = db_conn_ready(c) == OK ? look(c, a, &have, why) : -1;

	db_read_end(c);
	return n;
}

int db_migrations_missing(struct db *db)
{
	struct str why = STR_NULL;
	struct arena a;
	int n;

	arena_init(&a, 0);
	n = db_schema_state(db, &a, &why);
	if (n < 0)
		log_error("store: %.*s", STR_ARG(why));
	arena_release(&a);
	return n;
}

static enum err apply(struct db_conn *c, const char *module, const struct db_migration *m, struct arena *a)
{
	const struct db_backend *b = c->db->backend;
	const struct db_schema_add_args row = {str_from(module), m->number, str_from(m->name), checksum_text(a, m), clock_now()};
	enum err e = b->begin(c);

	if (e == OK)
		e = b->exec(c, c->db->engine == DB_PG ? m->pg : m->sqlite);
	if (e == OK)
		e = q_db_schema_add(c, &row, NULL);
	if (e == OK)
		e = b->commit(c);
	else
		b->rollback(c);
	return e;
}

static bool is_wanted(const struct db_wanted *w, const char *module, int number)
{
	for (; w; w = w->next)
		if (w->number == number && str_eqz(w->module, module))
			return true;
	return false;
}

/* wanted NULL: all. */
static enum err apply_all(struct db_conn *c, const struct db_schema_list_rows *have, const struct db_wanted *wanted, void (*fn)(void *, const char *), void *arg,
			  struct arena *a, struct str *why)
{
	for (size_t i = 0; db_modules[i]; i++)
		for (const struct db_migration *m = db_modules[i]->migrations; m->number; m++) {
			char step[200];
			enum err e;

			if (find(have, db_modules[i]->name, m->number) ||
			    (wanted && !is_wanted(wanted, db_modules[i]->name, m->number)))
				continue;
			e = apply(c, db_modules[i]->name, m, a);
			if (e != OK) {
				db_why(a, why, "迁移 %s/%s 失败，已撤销；之前的迁移保留。原因见日志。",
				       "Migration %s/%s failed and was undone; those before it stand. The log says why.", db_modules[i]->name,
				       m->name);
				return e;
			}
			snprintf(step, sizeof(step), "%s/%s", db_modules[i]->name, m->name);
			if (fn)
				fn(arg, step);
		}
	return OK;
}

static enum err migrate(struct db *db, const struct db_wanted *wanted, void (*fn)(void *, const char *), void *arg, struct arena *a,
			struct str *why)
{
	struct db_conn *c = db_conn_new(db, true);
	struct db_schema_list_rows have;
	enum err e = db->backend->connect(c, a, why);

	if (e == OK)
		e = db->backend->lock_session(c, MIGRATE_LOCK);
	if (e == OK)
		e = q_db_schema_make(c, NULL);
	if (e == OK && look(c, a, &have, why) < 0)
		e = ERR_CONFLICT;
	if (e == OK)
		e = apply_all(c, &have, wanted, fn, arg, a, why);
	if (e != OK && why && why->p == NULL)
		db_why(a, why, "迁移失败（%s），原因见日志。", "Migrating failed (%s); the log says why.", err_name(e));
	db_conn_free(c);
	return e;
}

enum err db_migrate(struct db *db, void (*fn)(void *, const char *), void *arg, struct arena *a, struct str *why)
{
	return migrate(db, NULL, fn, arg, a, why);
}

static const struct db_migration *ours(const struct db_wanted *w)
{
	for (size_t i = 0; db_modules[i]; i++)
		for (const struct db_migration *m = db_modules[i]->migrations; m->number; m++)
			if (m->number == w->number && str_eqz(w->module, db_modules[i]->name))
				return m;
	return NULL;
}

enum err db_migrate_to(struct db *db, const struct db_wanted *wanted, struct arena *a, struct str *why)
{
	for (const struct db_wanted *w = wanted; w; w = w->next) {
		const struct db_migration *m = ours(w);

		if (m && str_eq(checksum_text(a, m), w->checksum))
			continue;
		db_why(a, why, "备份用到的迁移 %s/%s 本程序没有（或内容不同）。请用建立备份时的程序或更新的版本恢复。",
		       "This program lacks migration %s/%s of the backup, or has another text of it. Restore with the program that made it, or a newer one.",
		       w->module.p, w->name.p);
		return ERR_CONFLICT;
	}
	return wanted ? migrate(db, wanted, NULL, NULL, a, why) : OK;
}
