/* Which taps of a pooling window exist. */
#ifndef CONVSPEC_POOL_WINDOWS_H
#define CONVSPEC_POOL_WINDOWS_H

#include "window.h"

typedef struct {
    int64_t from, to;
} cs_range;

/* The taps of output o that lie inside the input; gaps are positive here. */
static inline cs_range cs_taps_inside(const cs_axis *a, int64_t o)
{
    const int64_t at = o * a->step + a->first;
    const int64_t from = at < 0 ? cs_ceil(-at, a->gap) : 0, to = at < a->in ? cs_ceil(a->in - at, a->gap) : 0;
    return (cs_range){from, cs_least(a->taps, to)};
}

/* The number of taps of output o that a mean divides by. */
static inline int64_t cs_tap_count(const cs_axis *a, int64_t o)
{
    const int64_t start = o * a->step + a->mean_first;
    const int64_t from = start < a->low ? cs_ceil(a->low - start, a->gap) : 0;
    const int64_t to = start < a->high ? cs_ceil(a->high - start, a->gap) : 0;
    return cs_most(0, cs_least(a->mean_taps, to) - from);
}

#endif
