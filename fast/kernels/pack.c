/* Weights in the order in which a tile reads them: for each block of outputs its initial values, then its weights term
 * by term. */
#include <string.h>

#include "window.h"

enum { FEW_TERMS = 64 };

/* Runs of so many terms are not worth a block that is turned. */
enum { SHORT = 6 };

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

/* A vector of groups is packed like one of outputs. */
static cs_window packed_as(const cs_window *w)
{
    cs_window one = *w;
    if (!w->by_groups) return one;
    one.by_groups = 0, one.groups = 1, one.outputs = w->groups, one.w_output = w->w_group;
    one.blocks = cs_ceil(w->groups, w->lanes);
    return one;
}

int64_t cs_flags(const cs_window *w)
{
    const int64_t outputs = w->by_groups ? w->groups : w->outputs;
    return (w->by_pixels ? outputs : cs_ceil(outputs, w->lanes) * w->lanes) * (w->terms + 1) * w->size;
}

int64_t cs_packed_size(const cs_window *w)
{
    const cs_window p = packed_as(w);
    const int64_t flags = cs_padded(w) ? cs_ceil(p.blocks, w->lanes) * w->lanes * w->size : 0;
    return w->kind == CS_FMA ? p.groups * (cs_flags(&p) + flags) : 0;
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

/* The places of n terms from one on. */
static void list_places(const cs_window *w, int64_t term, int64_t n, int64_t *place)
{
    const int64_t taps = w->terms / cs_most(1, w->channels);
    for (int64_t i = 0; i < n; i++) place[i] = i < taps ? term_place(w, term + i) : place[i - taps] + w->w_channel;
}

int cs_finite(int64_t dtype, const void *x, int64_t n)
{
    const cs_table *k = cs_kernels(dtype);
    return !k->finite || k->finite(x, n);
}

int64_t cs_block_bytes(const cs_window *w)
{
    return w->vectors * w->lanes * (w->terms + 1) * w->size;
}

/* A few terms of a block, wherever their weights are. */
static void pack_terms(const cs_window *w, char *to, int64_t wide, const char *source, int64_t outputs, int64_t term, int64_t n)
{
    const int64_t size = w->size;
    int64_t place[FEW_TERMS];
    list_places(w, term, n, place);
    if (w->w_output != 1 && outputs >= w->lanes) {
        cs_kernels(w->dtype)->gather_columns(to, wide, source, w->w_output, outputs, place, n);
        return;
    }
    for (int64_t i = 0; i < n; i++, to += wide * size) {
        if (w->w_output == 1) {
            memcpy(to, source + place[i] * size, (size_t)(outputs * size));
            continue;
        }
        for (int64_t k = 0; k < outputs; k++) put(to, k, source, place[i] + k * w->w_output, size);
    }
}

int cs_pack_block(const cs_window *w, int64_t block, const void *weights, const void *bias, char *p)
{
    const int64_t group = block / w->blocks, size = w->size;
    int64_t from, to, done = 0;
    int whole = 1;
    const int64_t wide = block_range(w, block % w->blocks, &from, &to), outputs = to - from;
    const char *source = (const char *)weights + (w->w_base + group * w->w_group + from * w->w_output) * size;
    memset(p, 0, (size_t)(wide * (wide > outputs ? w->terms + 1 : 1) * size));
    for (int64_t k = 0; bias && k < outputs; k++)
        put(p, k, bias, w->b_base + (group * w->outputs + from + k) * w->b_output, size);
    p += wide * size;
    const int64_t run = in_order(w);
    if (run == w->terms) {
        done = w->terms / w->lanes * w->lanes;
        cs_kernels(w->dtype)->transpose(p, wide, source, w->w_output, outputs, done);
        whole = cs_finite(w->dtype, p, wide * done);
    } else if (run > SHORT) { /* whole vectors are read: of the last channel they would end beyond the weights */
        done = w->terms - cs_ceil(w->lanes, run) * run;
        for (int64_t t = 0; t < done; t += run) {
            char *some = p + t * wide * size;
            const char *channel = source + t / run * w->w_channel * size;
            cs_fetch_weights(w, channel, outputs);
            cs_kernels(w->dtype)->transpose(some, wide, channel, w->w_output, outputs, run);
            whole &= cs_finite(w->dtype, some, wide * run);
        }
        done = cs_most(0, done);
    }
    for (int64_t t = done; t < w->terms; t += FEW_TERMS)
        pack_terms(w, p + t * wide * size, wide, source, outputs, t, cs_least(w->terms - t, FEW_TERMS));
    return whole & cs_finite(w->dtype, p + done * wide * size, wide * (w->terms - done));
}

/* Blocks of one output, without flags, in one go: they are many and short. */
static int pack_single(const cs_window *w, int64_t first, int64_t last, const char *weights, const char *bias, char *packed)
{
    const int64_t size = w->size, all = w->terms + 1;
    int64_t place[FEW_TERMS];
    list_places(w, 0, w->terms, place);
    for (int64_t k = first; k < last; k++) {
        const char *from = weights + (w->w_base + k / w->outputs * w->w_group + k % w->outputs * w->w_output) * size;
        char *to = packed + k * all * size;
        memset(to, 0, (size_t)size);
        if (bias) put(to, 0, bias, w->b_base + k * w->b_output, size);
        for (int64_t t = 0; t < w->terms; t++) put(to, t + 1, from, place[t], size);
    }
    int whole = cs_finite(w->dtype, packed + first * all * size, (last - first) * all);
    if (whole || !bias) return whole;
    whole = 1; /* it may have been a bias */
    for (int64_t k = first; k < last; k++) whole &= cs_finite(w->dtype, packed + (k * all + 1) * size, w->terms);
    return whole;
}

/* Blocks over pixels that hold an output each, of one window that is packed without flags. */
static int is_single(const cs_window *w)
{
    return w->by_pixels && w->blocks == w->outputs && w->terms <= FEW_TERMS && !cs_padded(w);
}

int cs_pack(const cs_window *w, int64_t first, int64_t last, const void *weights, const void *bias, void *packed)
{
    if (is_single(w)) return pack_single(w, first, last, weights, bias, packed);
    const cs_window p = packed_as(w);
    const int64_t group_size = cs_packed_size(w) / p.groups, padded = cs_padded(&p);
    int all = 1;
    for (int64_t i = first; i < last; i++) {
        if (w->by_groups && i % w->lanes) continue; /* it was packed with the first group of its vector */
        const int64_t block = w->by_groups ? i / w->lanes : i;
        char *group = (char *)packed + block / p.blocks * group_size;
        int64_t from, to;
        block_range(&p, block % p.blocks, &from, &to);
        const int whole = cs_pack_block(&p, block, weights, bias, group + from * (p.terms + 1) * p.size);
        if (padded) group[cs_flags(&p) + block % p.blocks * p.size] = (char)whole;
        all &= whole;
    }
    return all;
}
