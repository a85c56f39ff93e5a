/*
 * What this process knows of places: rows and full names that were asked for lately. Every line of every list shows a place and those
 * above it, and places hardly ever change. An entry is good for a minute, so that other nodes need not tell us; a change made here
 * forgets all (place_forget_names). Jobs on the writer neither ask nor keep: they see what may not come to be.
 */
#ifndef CORE_PLACE_KNOWN_H
#define CORE_PLACE_KNOWN_H

#include "core/place/place.h"

/* Arena text. False: not known, ask the store. */
bool place_known(struct db_conn *c, struct arena *a, struct str key, struct place *out);
void place_keep(struct db_conn *c, const struct place *p);

/* Names from `from` level down, joined. */
bool place_name_known(struct db_conn *c, struct arena *a, struct str key, enum place_level from, struct str *out);
void place_name_keep(struct db_conn *c, struct str key, enum place_level from, struct str name);

#endif
