/*
 * Functions with which a mistake is one slip away do not compile here. The build includes this file before every
 * source (mk/banned.mk); the headers that declare the functions come first, so that only uses are hit.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BANNED(f, instead) banned_##f##__use_##instead

#undef strcpy
#define strcpy(...) BANNED(strcpy, arena_strz_or_buf)
#undef strcat
#define strcat(...) BANNED(strcat, buf_adds)
#undef strncpy
#define strncpy(...) BANNED(strncpy, memcpy_with_a_length)
#undef strncat
#define strncat(...) BANNED(strncat, buf_add)
#undef stpcpy
#define stpcpy(...) BANNED(stpcpy, arena_strz_or_buf)
#undef sprintf
#define sprintf(...) BANNED(sprintf, arena_printf_or_snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, arena_vprintf_or_vsnprintf)
#undef gets
#define gets(...) BANNED(gets, fgets)
#undef scanf
#define scanf(...) BANNED(scanf, str_split_and_str_i64)
#undef sscanf
#define sscanf(...) BANNED(sscanf, str_split_and_str_i64)
#undef strtok
#define strtok(...) BANNED(strtok, str_split)
#undef strtok_r
#define strtok_r(...) BANNED(strtok_r, str_split)
#undef atoi
#define atoi(...) BANNED(atoi, str_i64)
#undef atol
#define atol(...) BANNED(atol, str_i64)
#undef atoll
#define atoll(...) BANNED(atoll, str_i64)
#undef atof
#define atof(...) BANNED(atof, str_f64)
#undef gmtime
#define gmtime(...) BANNED(gmtime, time_civil)
#undef localtime
#define localtime(...) BANNED(localtime, time_civil)
#undef ctime
#define ctime(...) BANNED(ctime, time_text)
#undef asctime
#define asctime(...) BANNED(asctime, time_text)
#undef mktemp
#define mktemp(...) BANNED(mktemp, mkostemp)
#undef tmpnam
#define tmpnam(...) BANNED(tmpnam, mkostemp)
#undef system
#define system(...) BANNED(system, posix_spawn)
#undef popen
#define popen(...) BANNED(popen, posix_spawn)
#undef rand
#define rand(...) BANNED(rand, randombytes_buf)
#undef srand
#define srand(...) BANNED(srand, nothing)
#undef random
#define random(...) BANNED(random, randombytes_buf)
#undef alloca
#define alloca(...) BANNED(alloca, arena_alloc)
#undef strdupa
#define strdupa(...) BANNED(strdupa, arena_strz)

#endif
