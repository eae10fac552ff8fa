/* Winograd's convolution: the taps of an axis in parts, which are summed over like channels. */
#include <string.h>

#include "window.h"
#include "winograd.h"

int64_t cs_parts(int64_t taps, int64_t part, int64_t step)
{
    int64_t parts = 0;
    for (int64_t i = 0; i < step; i++) parts += cs_ceil(cs_ceil(taps - i, step), part);
    return parts;
}

/* Part i of the taps along an axis. */
static void find_part(const cs_winograd *g, int64_t taps, int64_t i, cs_slab *s, int axis)
{
    const int64_t part = cs_part(g, axis), step = axis ? g->step : 1;
    int64_t first = 0, n = cs_ceil(taps, step);
    while (i >= cs_ceil(n, part)) i -= cs_ceil(n, part), first++, n = cs_ceil(taps - first, step);
    const int64_t early = cs_most(0, cs_least(i * part, n - part));
    s->at[axis] = first + step * early, s->from[axis] = i * part - early, s->to[axis] = cs_least(part, n - early);
}

cs_slab cs_find_slab(const cs_winograd *g, int64_t slab)
{
    cs_slab s;
    for (int i = 2; i >= 0; i--) {
        find_part(g, g->axis[i].taps, slab % g->slab[i], &s, i);
        slab /= g->slab[i];
    }
    return s;
}

int cs_whole(const cs_winograd *g, const cs_slab *s)
{
    return s->to[1] == cs_part(g, 1) && s->to[2] == cs_part(g, 2);
}

void cs_measure_parts(cs_winograd *g)
{
    memset(g->lacks, 0, sizeof g->lacks), memset(g->far, 0, sizeof g->far);
    const int64_t points[3] = {1, g->high, g->broad};
    for (int axis = 1; axis < 3 && !g->folded; axis++)
        for (int64_t i = 0; i < g->slab[axis] && points[axis] > 1; i++) {
            cs_slab s;
            find_part(g, g->window.axis[axis].taps, i, &s, axis);
            g->far[axis] = cs_most(g->far[axis], s.at[axis]);
            g->lacks[axis] = g->apart > 1 ? s.to[axis] < cs_part(g, axis) : s.from[axis] > 0 && points[axis] != 7;
        }
}

int64_t cs_slab_points(const cs_winograd *g)
{
    int64_t points = 0;
    for (const cs_phase *p = g->phase; p < g->phase + g->phases; p++)
        points += (g->slab[1] * g->high - g->lacks[1] - p->lacks[1]) * (g->slab[2] * g->broad - g->lacks[2] - p->lacks[2]);
    return g->slab[0] * points;
}

int cs_phase_has(const cs_winograd *g, int64_t phase, int64_t point)
{
    const int64_t *lacks = g->phase[phase].lacks;
    return point / g->broad < g->high - lacks[1] && point % g->broad < g->broad - lacks[2];
}

int cs_has_point(const cs_winograd *g, int64_t slab, int64_t point)
{
    const cs_points down = cs_points_of(g, 1, slab / g->slab[2] % g->slab[1]), across = cs_points_of(g, 2, slab % g->slab[2]);
    const int64_t i = point / g->broad, j = point % g->broad;
    return i >= down.from && i < down.to && j >= across.from && j < across.to;
}

int cs_all_have(const cs_winograd *g, int64_t point)
{
    return cs_has_point(g, g->slabs - 1, point);
}
