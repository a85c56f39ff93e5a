#include "db/inner.h"

static enum err connect_pg(struct db_conn *c, struct arena *a, struct str *why)
{
	(void)c;
	db_why(a, why, "本版本尚不支持 PostgreSQL。", "This build does not know PostgreSQL yet.");
	return ERR_DB;
}
const struct db_backend db_pg_backend = {.connect = connect_pg};
