/* What the register tiles of a box have in common, whether their vectors go over pixels or over outputs. */
#include <string.h>

#include "task.h"

int cs_relist(cs_state *t, cs_box b, int64_t pitch)
{
    if (t->tiles && t->pitch == pitch && t->listed_pixel == t->pixel && memcmp(&t->listed, &b, sizeof b) == 0) return 0;
    t->listed = b, t->pitch = pitch, t->listed_pixel = t->pixel, t->tiles = 0;
    return 1;
}

/* What tiles [i, i + n) of the list see. Nothing is stored where that is all: loads that take together what has just been
 * stored in parts wait for all stores before, which are results on their way to memory. */
static const cs_terms *seen_terms(cs_state *t, int64_t block, int64_t i, int64_t n)
{
    const cs_box *first = t->boxes + i, *last = first + n - 1, *plain = &t->plain;
    const int several = first->h0 != last->h0;
    const int64_t h0 = t->top + first->h0, h1 = t->top + last->h1, w0 = t->left + (several ? 0 : first->w0),
                  w1 = t->left + (several ? t->listed.w1 - t->listed.w0 : last->w1);
    if (t->finite < 0 || (h0 >= plain->h0 && h1 <= plain->h1 && w0 >= plain->w0 && w1 <= plain->w1)) return &t->all;
    return cs_seen_terms(t, block, h0, h1, w0, w1);
}

void cs_start_slice(cs_state *t, int64_t slice)
{
    const cs_window *w = t->w;
    const int64_t from = w->channels * slice / w->slices, to = w->channels * (slice + 1) / w->slices;
    t->slice = (cs_slice){from, to, w->terms / cs_most(1, w->channels)};
}

/* The slice's part of some terms. */
static const cs_terms *slice_terms(cs_state *t, const cs_terms *all, const char *sums)
{
    const cs_slice *slice = &t->slice;
    cs_terms *some = &t->some;
    *some = *all;
    some->sums = slice->from ? sums : NULL;
    if (all->skip == 0) {
        some->first = slice->taps * slice->from, some->run = slice->taps * (slice->to - slice->from);
    } else {
        const int64_t slabs = all->slabs / t->w->channels; /* a channel's */
        some->first += slabs * slice->from * (all->run + all->skip), some->slabs = slabs * (slice->to - slice->from);
    }
    return some;
}

const cs_terms *cs_tile_terms(cs_state *t, int64_t block, int64_t i, int64_t n, const char *sums)
{
    const cs_terms *all = seen_terms(t, block, i, n);
    return t->w->slices == 1 ? all : slice_terms(t, all, sums);
}
