/*
 * Identifiers made by the program: 63 bits, ordered by time, unique in the installation.
 * 42 bits milliseconds since 2020-01-01 UTC, 8 bits node, 13 bits counter. Never shown to residents (they get
 * codes from crypto/token, which cannot be guessed or counted).
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

void id_set_node(unsigned node); /* 0..255, once at start */
int64_t id_new(int64_t now);     /* never goes back, even when the clock does */

#endif
