#include "core/rule/duty.h"

#include "base/buf.h"
#include "core/place/place.h"
#include "core/rule/rule.sql.h"

int duty_depth(struct str owner)
{
	static const char *const owners[] = {"department", "town", "community", "grid"};

	for (size_t i = 0; i < ARRAY_LEN(owners); i++)
		if (str_eqz(owner, owners[i]))
			return (int)i;
	return -1;
}

static enum err find_exact(struct db_conn *c, struct arena *a, struct str category, struct str place, struct duty *out)
{
	struct rule_duty_of_rows rows;
	enum err e = q_rule_duty_of(c, a, category, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (place_within(place, rows.v[i].place)) { /* longest keys come first among those around the place */
			*out = (struct duty){rows.v[i].place, rows.v[i].owner, rows.v[i].source};
			return OK;
		}
	return e ? e : ERR_NOT_FOUND;
}

enum err duty_find(struct db_conn *c, struct arena *a, struct str category, struct str place, struct duty *out)
{
	ptrdiff_t dot = str_chr(category, '.');
	enum err e = category.n ? find_exact(c, a, category, place, out) : ERR_NOT_FOUND;

	if (e == ERR_NOT_FOUND && dot > 0)
		e = find_exact(c, a, str_sub(category, 0, (size_t)dot), place, out);
	return e;
}

enum err duty_import_csv(struct tx *tx, struct str csv, struct str place, size_t *rows, struct arena *a, struct str *why)
{
	struct str rest = str_trim(csv), line, category, owner;
	struct buf faults;
	int number = 0;
	enum err e = OK;

	*rows = 0;
	buf_init(&faults, 16 * 1024);
	while (e == OK && str_split(&rest, '\n', &line)) {
		number++;
		line = str_trim(line);
		if (line.n == 0 || (number == 1 && str_starts(line, "category,")))
			continue;
		if (!str_split(&line, ',', &category) || !str_split(&line, ',', &owner) || category.n == 0 || category.n > 64) {
			buf_printf(&faults, "第 %d 行：要有三列 category,owner,source\n", number);
			continue;
		}
		owner = str_trim(owner);
		if (duty_depth(owner) < 0) {
			buf_printf(&faults, "第 %d 行：owner 写 department、town、community 或 grid，不是“%.*s”\n", number, STR_ARG(str_sub(owner, 0, 40)));
			continue;
		}
		e = q_rule_duty_put(tx->c, place, str_trim(category), owner, str_trim(line), NULL);
		(*rows)++;
	}
	if (e == OK && faults.n) {
		*why = arena_str(a, str_trim(buf_str(&faults)));
		e = ERR_INPUT;
	}
	buf_release(&faults);
	return e;
}
