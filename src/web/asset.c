#include "web/asset.h"

const struct asset *asset_find(struct str name)
{
	for (const struct asset *a = assets; a->name; a++)
		if (str_eqz(name, a->name))
			return a;
	return NULL;
}
