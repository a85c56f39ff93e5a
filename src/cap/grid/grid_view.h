/* What the templates of the grid are given. */
#ifndef CAP_GRID_VIEW_H
#define CAP_GRID_VIEW_H

#include "cap/grid/grid.h"
#include "web/looks.h"
#include "web/photo.h"
#include "web/tpl.h"

struct grid_choice { struct str value, title; bool chosen; };
struct grid_select { struct str name, title; struct grid_choice *v; size_t n; };
struct grid_error { struct str field, text; };

/* One of the two forms; drawn into the page and into the shell that works without a line. */
struct grid_form {
	const char *kind;                        /* "found", "proxy" */
	struct grid_choice *places; size_t nplaces; /* one: known, not asked */
	struct str place_name;                   /* where it will be, when it is known */
	struct grid_choice *steps; size_t nsteps;/* what is done at once */
	struct grid_select *selects; size_t nselects;
	struct str what, spot, spot_name, note, name, phone, email;
	bool is_public, no_contact;
	struct photo photos[PHOTO_MOST]; size_t nphotos;
	struct grid_error errors[6]; size_t nerrors;
	bool shell;                              /* kept in the browser: no photographs, no hidden keys that grow old */
};

struct grid_row {
	int64_t id, version, created;
	struct str title, place, state, clock;
	const char *clock_class;
	struct grid_choice *steps; size_t nsteps;
	bool mine;                               /* found by the reader himself */
};

struct grid_home_view {
	struct str name;                         /* of the grid or grids */
	struct grid_form *found;
	struct grid_row *assigned; size_t nassigned;
	struct grid_row *fresh; size_t nfresh;
	struct grid_error failed;                /* why a step of a row was not done */
	int64_t failed_id;
	bool more;                               /* more is assigned than is shown */
	int days;
};

struct grid_shell_view { struct grid_form *found, *proxy; struct str name; };

#endif
