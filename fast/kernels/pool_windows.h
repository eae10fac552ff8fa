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

/* Of n windows from one on, the first element that exists, and where those that do end. */
static inline void cs_list_columns(const cs_axis *a, int64_t window, int64_t n, int64_t *first, int64_t *end)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t start = (window + i) * a->step + a->first;
        const cs_range taps = cs_taps_inside(a, window + i);
        first[i] = start + taps.from * a->gap, end[i] = start + taps.to * a->gap;
    }
}

/* Whether windows see one depth each, their own. */
static inline int cs_is_flat(const cs_axis *depth)
{
    return depth->taps == 1 && depth->step == 1 && depth->first == 0 && depth->in == depth->out;
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
