/* Points of a line or ring as a picture needs them: whole units, nothing far outside, nothing that the eye cannot tell. For src/geo. */
#ifndef GEO_GROUND_LINE_H
#define GEO_GROUND_LINE_H

#include "geo/mvt.h"
#include "geo/points.h"

/* Units of the picture: `shift` bits fewer (or, below 0, more) than those of struct mercator, counted from `origin`; what lies further than `reach` outside
 * 0..size is of no interest. */
struct ground_frame { int shift; struct mercator origin; int32_t size, reach; int32_t tolerance; };   /* 0: every point stays */

/* Into out, which has room for n. Returns how many are left: 0 when nothing of it lies inside, at least two else. */
size_t ground_line(const struct ground_frame *f, const struct mercator *v, size_t n, struct mvt_xy *out);

#endif
