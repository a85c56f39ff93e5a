/* One-time codes of RFC 6238 (TOTP) over RFC 4226 (HOTP): HMAC-SHA-1, six digits, thirty seconds: what every authenticator program knows. */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include <stdint.h>

#include "base/arena.h"

#define TOTP_SECRET 20      /* bytes, RFC 4226 section 4 */
#define TOTP_DIGITS 6
#define TOTP_STEP_MS ((int64_t)30000)

/* The code of a moment; step: milliseconds since 1970 / TOTP_STEP_MS. */
uint32_t totp_code(const void *secret, size_t n, int64_t step);
/* RFC 4648 base 32 without padding: how a secret is typed in. */
struct str base32(struct arena *a, const void *p, size_t n);

#endif
