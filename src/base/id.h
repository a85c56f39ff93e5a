/*
 * Identifiers made by the program: 63 bits, ordered by time, unique in the installation.
 * 42 bits milliseconds since 2020-01-01 UTC, 8 bits node, 13 bits counter, which begins in each process at a number of its own, so that a
 * subcommand beside the server makes others. Never shown to residents (they get
 * codes from crypto/token, which cannot be guessed or counted).
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

void id_set_node(unsigned node); /* 0..255, once at start */
int64_t id_new(int64_t now);     /* never goes back, even when the clock does */
/* Ids of before, up to this moment, are not made again: a clock set back while the program was not running. */
void id_not_before(int64_t at);

#endif
