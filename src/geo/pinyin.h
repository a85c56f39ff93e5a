/*
 * How Chinese signs are read, without tones, for searching by sound: 石门 and 实门 sound alike, and so, to many ears in the southwest, do 石 (shi) and 四 (si),
 * 南 (nan) and 蓝 (lan), 福 (fu) and 湖 (hu), 金 (jin) and 京 (jing).
 */
#ifndef GEO_PINYIN_H
#define GEO_PINYIN_H

#include <stddef.h>
#include <stdint.h>

#define PINYIN_READINGS 3

/* Readings of a sign (numbers from 1), the usual one first; 0 when it has none here. */
size_t pinyin_of(uint32_t sign, uint16_t out[PINYIN_READINGS]);
/* "shi"; static. */
const char *pinyin_text(uint16_t reading);
/* Readings that people take for each other have the same sound (from 1). */
uint16_t pinyin_sound(uint16_t reading);
/* The same in letters: "si" for shi and si. `from` is lower-case pinyin, any number of syllables; out has room for size bytes. */
void pinyin_loosen(const char *from, char *out, size_t size);

#endif
