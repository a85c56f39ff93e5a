/* Handlers of cases, spread over several files. */
#ifndef CAP_CASES_PAGES_H
#define CAP_CASES_PAGES_H

#include "cap/cases/fill.h"
#include "web/tpl.h"

enum err cases_inbox_page(struct rq *rq);
enum err cases_list_page(struct rq *rq);
enum err cases_bulk_page(struct rq *rq);
enum err cases_bulk_do(struct rq *rq);
enum err cases_bulk_done_page(struct rq *rq);
enum err cases_export(struct rq *rq);
enum err cases_export_xlsx(struct rq *rq);
enum err cases_show_page(struct rq *rq);
enum err cases_do(struct rq *rq);
enum err cases_reveal(struct rq *rq);
enum err cases_photo(struct rq *rq);
enum err cases_templates_page(struct rq *rq);
enum err cases_template_page(struct rq *rq);
enum err cases_template_post(struct rq *rq);
enum err cases_file_page(struct rq *rq);
enum err cases_file_post(struct rq *rq);
enum err cases_spot_json(struct rq *rq);

/* Filters of the list from the query string; keys only inside the scope. */
CHECKED enum err cases_read_filter(struct rq *rq, const struct matter_scope *s, struct matter_filter *f);
/* A number of the query string; 0 when absent or none. */
int64_t cases_query_i64(struct rq *rq, const char *name);
/* May this reader file a matter of the scenario (somebody acts in its first state by one of his roles, or matter.file)? */
bool cases_may_file(struct rq *rq, const struct scenario *s);

#endif
