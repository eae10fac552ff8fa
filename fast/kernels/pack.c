/* Weights in the order in which a tile reads them: for each block of outputs its initial values, then its weights term
 * by term. */
#include <string.h>

#include "window.h"

/* The outputs [from, to) of a block, and how many a term of it holds: a block over outputs is padded to whole vectors.
 */
static int64_t block_range(const cs_window *w, int64_t block, int64_t *from, int64_t *to)
{
    if (w->by_pixels) {
        *from = w->outputs * block / w->blocks, *to = w->outputs * (block + 1) / w->blocks;
        return *to - *from;
    }
    *from = block * w->vectors * w->lanes;
    *to = cs_least(w->outputs, *from + w->vectors * w->lanes);
    return cs_ceil(*to - *from, w->lanes) * w->lanes;
}

/* Elements of one group. */
static int64_t group_size(const cs_window *w)
{
    const int64_t outputs = w->by_pixels ? w->outputs : cs_ceil(w->outputs, w->lanes) * w->lanes;
    return outputs * (w->terms + 1);
}

int64_t cs_packed_size(const cs_window *w)
{
    if (w->kind != CS_FMA) return 0;
    return w->by_groups ? group_size(w) * cs_ceil(w->groups, w->lanes) * w->size : w->groups * group_size(w) * w->size;
}

static inline void put(char *to, int64_t i, const char *from, int64_t j, int64_t size)
{
    if (size == 4) {
        memcpy(to + 4 * i, from + 4 * j, 4);
    } else {
        memcpy(to + 8 * i, from + 8 * j, 8);
    }
}

/* How many of an output's first terms are its weights in order and without gaps: all, those of a channel, or none. */
static int64_t in_order(const cs_window *w)
{
    const cs_axis *a = w->axis;
    const int64_t rows = a[1].taps * a[2].taps, taps = a[0].taps * rows;
    if ((a[2].taps > 1 && a[2].w != 1) || (a[1].taps > 1 && a[1].w != a[2].taps) || (a[0].taps > 1 && a[0].w != rows))
        return 0;
    return w->channels == 1 || w->w_channel == taps ? w->terms : taps;
}

/* Where the weight of a term is, from the output's first. */
static int64_t term_place(const cs_window *w, int64_t term)
{
    const cs_axis *a = w->axis;
    const int64_t t2 = term % a[2].taps, t1 = term / a[2].taps % a[1].taps, rest = term / a[2].taps / a[1].taps;
    return rest / a[0].taps * w->w_channel + rest % a[0].taps * a[0].w + t1 * a[1].w + t2 * a[2].w;
}

/* A vector of groups is packed like one of outputs, by the first of them. */
static void pack_groups(const cs_window *w, int64_t group, const void *weights, const void *bias, void *packed)
{
    cs_window one = *w;
    one.by_groups = 0, one.groups = 1, one.outputs = w->groups, one.w_output = w->w_group;
    one.blocks = cs_ceil(w->groups, w->lanes);
    if (group % w->lanes == 0) cs_pack(&one, group / w->lanes, weights, bias, packed);
}

void cs_pack(const cs_window *w, int64_t block, const void *weights, const void *bias, void *packed)
{
    if (w->by_groups) {
        pack_groups(w, block, weights, bias, packed);
        return;
    }
    const int64_t group = block / w->blocks, size = w->size;
    int64_t from, to, done = 0;
    const int64_t wide = block_range(w, block % w->blocks, &from, &to), outputs = to - from;
    char *p = (char *)packed + (group * group_size(w) + from * (w->terms + 1)) * size;
    const char *source = (const char *)weights + (w->w_base + group * w->w_group + from * w->w_output) * size;
    memset(p, 0, (size_t)(wide * (wide > outputs ? w->terms + 1 : 1) * size));
    for (int64_t k = 0; bias && k < outputs; k++)
        put(p, k, bias, w->b_base + (group * w->outputs + from + k) * w->b_output, size);
    p += wide * size;
    const int64_t run = in_order(w);
    if (run == w->terms) {
        done = w->terms / w->lanes * w->lanes;
        cs_kernels(w->dtype)->transpose(p, wide, source, w->w_output, outputs, done);
    } else if (run > 1) { /* whole vectors are read: of the last channel they would end beyond the weights */
        done = w->terms - cs_ceil(w->lanes, run) * run;
        for (int64_t t = 0; t < done; t += run)
            cs_kernels(w->dtype)->transpose(p + t * wide * size, wide, source + t / run * w->w_channel * size, w->w_output,
                                            outputs, run);
        done = cs_most(0, done);
    }
    for (int64_t t = done; t < w->terms; t++) {
        const int64_t at = term_place(w, t);
        if (w->w_output == 1) {
            memcpy(p + t * wide * size, source + at * size, (size_t)(outputs * size));
            continue;
        }
        for (int64_t k = 0; k < outputs; k++) put(p, t * wide + k, source, at + k * w->w_output, size);
    }
}
