/* Handlers of the grid, named by the route table in grid_api.c. */
#ifndef CAP_GRID_PAGES_H
#define CAP_GRID_PAGES_H

#include "cap/grid/grid_view.h"

enum err grid_home(struct rq *rq);
enum err grid_step(struct rq *rq);
enum err grid_proxy_page(struct rq *rq);
enum err grid_found_post(struct rq *rq);
enum err grid_proxy_post(struct rq *rq);
enum err grid_send(struct rq *rq);
enum err grid_shell(struct rq *rq);
enum err grid_token(struct rq *rq);
enum err grid_worker_js(struct rq *rq);

/* ---- grid_form.c ---- */
/* The places of this reader's grids. */
CHECKED enum err grid_mine(struct rq *rq, struct place **v, size_t *n);
/* "石门社区第三网格", or how many. */
struct str grid_names(struct rq *rq, const struct place *v, size_t n);
/* The form as it is shown: empty, or with what was posted. */
CHECKED enum err grid_form_make(struct rq *rq, const char *kind, bool posted, struct grid_form **out);
CHECKED enum err grid_home_page(struct rq *rq, int status, struct grid_form *found, int64_t failed_id, struct grid_error failed);

#endif
