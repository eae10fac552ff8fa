/* Terms that a tile leaves out: where weights are finite, taps that only see padding add zeros. */
#include "task.h"

int cs_padded(const cs_window *w)
{
    if (w->kind != CS_FMA || w->boundary != CS_FILL || w->fill || w->depthwise || w->terms == 0) return 0;
    for (const cs_axis *a = w->axis; a < w->axis + 3; a++)
        if (a->taps > 1 && (cs_lowest(a) < 0 || cs_highest(a) + (a->out - 1) * a->step >= a->in)) return 1;
    return 0;
}

void cs_interior(const cs_axis *a, int64_t *from, int64_t *to)
{
    const int64_t low = cs_lowest(a), high = cs_highest(a);
    *from = low < 0 ? cs_ceil(-low, a->step) : 0;
    *to = high < a->in ? cs_least(a->out, (a->in - 1 - high) / a->step + 1) : 0;
}

/* The taps from the first to the last, of some that are more than one, by which an output of [from, to) sees the input. */
static void seen_taps(const cs_axis *a, int64_t from, int64_t to, int64_t *first, int64_t *end)
{
    const int64_t gap = cs_gap(a), low = cs_lowest(a) + from * a->step, high = cs_lowest(a) + (to - 1) * a->step;
    const int64_t near = high < 0 ? cs_least(a->taps, cs_ceil(-high, gap)) : 0;
    const int64_t far = low < a->in ? cs_least(a->taps, cs_ceil(a->in - low, gap)) : 0;
    *first = a->gap < 0 ? a->taps - cs_most(near, far) : near;
    *end = a->gap < 0 ? a->taps - near : cs_most(near, far);
}

const cs_terms *cs_seen_terms(cs_state *t, int64_t block, int64_t h0, int64_t h1, int64_t w0, int64_t w1)
{
    const cs_window *w = t->w;
    const int64_t d = t->d;
    int64_t kept = 1, of = 1, inner = w->axis[0].taps * w->axis[1].taps * w->axis[2].taps;
    if (t->raw ? !t->fresh_finite : !t->packed[t->finite + block * w->size]) return &t->all;
    t->seen = t->all;
    for (int i = 0; i < (w->by_groups ? 2 : 3); i++) {
        const cs_axis *a = &w->axis[i];
        int64_t first, end;
        inner /= a->taps;
        if (a->taps < 2) continue;
        seen_taps(a, i == 0 ? d : i == 1 ? h0 : w0, i == 0 ? d + 1 : i == 1 ? h1 : w1, &first, &end);
        if ((end - first) * of >= kept * a->taps) continue;
        kept = end - first, of = a->taps;
        t->seen = (cs_terms){t->all.off, first * inner, kept * inner, (of - kept) * inner, w->terms / (of * inner), t->all.ahead, 0};
    }
    return &t->seen;
}
