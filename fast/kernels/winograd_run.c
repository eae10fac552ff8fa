/* Winograd's convolution: one box of tiles, from the input to the result. Each tile's arithmetic is its own, so that
 * neither boxes nor threads change a bit. */
#include <string.h>

#include "winograd_box.h"

/* Terms of a panel's sums: channels [from, from + channels) of some slabs, whose weights at the points are u. */
typedef struct {
    int64_t slab, slabs, from, channels;
    const char *u;
} terms;

/* The sums over some slabs of them at a point, for `vectors` vectors of outputs, by `most` tiles at a time; those of the first
 * terms start from 0. */
static void multiply_slabs(const cs_tile_box *b, int64_t vectors, int64_t most, const terms *t, int64_t slab, int64_t slabs,
                           int64_t point)
{
    const cs_window *w = &b->g->window;
    const int64_t vector = w->lanes * w->size, part = b->g->folded ? w->channels : b->g->blocks * w->lanes;
    const int64_t first = (slab * part + t->from) * b->tiles;
    const char *v = b->v + (point * b->step + first) * w->size;
    const char *u = t->u + (point * (t->slabs * t->channels * vectors + 1) + (slab - t->slab) * t->channels * vectors) * vector;
    char *m = b->sums + point * (b->tiles * vectors + 1) * vector;
    for (int64_t i = 0, rows = most; i < b->tiles; i += rows) {
        while (rows > b->tiles - i || !b->k->products[rows][vectors]) rows--;
        b->k->products[rows][vectors](v + i * vector, b->tiles * w->lanes, u, t->channels, slabs, m + i * vectors * vector,
                                      first > 0);
    }
}

/* At each point without the slabs that are nothing there; the sums of a phase that is nothing there are 0. */
static void multiply(const cs_tile_box *b, int64_t vectors, int64_t phase, terms t)
{
    const cs_winograd *g = b->g;
    const int64_t most = cs_winograd_rows(g, b->tiles, vectors), end = t.slab + t.slabs;
    const int64_t vector = g->window.lanes * g->window.size, sums = b->tiles * vectors;
    for (int64_t p = 0; p < g->points; p++) {
        if (!cs_phase_has(g, phase, p)) {
            memset(b->sums + p * (sums + 1) * vector, 0, (size_t)(sums * vector));
            continue;
        }
        const int all = cs_all_have(g, p);
        for (int64_t slab = t.slab, next; slab < end; slab = next + 1) {
            for (next = all ? end : slab; next < end && cs_has_point(g, next, p);) next++;
            if (next > slab) multiply_slabs(b, vectors, most, &t, slab, next - slab, p);
        }
    }
}

/* A panel's weights at the points, all of them. */
static const char *panel_weights(const cs_winograd *g, const char *weights, int64_t panel, int64_t phase)
{
    return weights + (cs_winograd_panel(g, panel) + cs_winograd_phase(g, panel, phase)) * g->window.size;
}

/* The sums over all terms; `weights` are the panel's, or all as they are where they are transformed here. */
static void multiply_panel(const cs_tile_box *b, const char *weights, int64_t panel, int64_t phase, int64_t vectors)
{
    const cs_winograd *g = b->g;
    const int64_t channels = g->window.channels;
    if (!g->some) {
        multiply(b, vectors, phase, (terms){0, cs_layers(g), 0, g->channels, panel_weights(g, weights, panel, phase)});
        return;
    }
    for (int64_t slab = 0; slab < g->slabs; slab++)
        for (int64_t from = 0; from < channels; from += g->some) {
            const int64_t to = cs_least(channels, from + g->some);
            const cs_weights t = {b->group, panel, phase, phase + 1, slab, from, to, to - from};
            cs_winograd_transform(g, &t, weights, b->some);
            multiply(b, vectors, phase, (terms){slab, 1, from, to - from, b->some});
        }
}

/* A panel, whose biases are given, from the inputs at the points to the result. */
static void finish_panel(const cs_tile_box *b, const char *weights, int64_t panel, const char *biases, char *y, void *any)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const int64_t all = cs_ceil(w->outputs, w->lanes), first = panel * g->vectors, vectors = cs_least(g->vectors, all - first);
    const int64_t vector = w->lanes * w->size;
    for (int64_t phase = 0; phase < g->phases; phase++) {
        multiply_panel(b, weights, panel, phase, vectors);
        for (int64_t i = 0; i < vectors * b->images; i++) {
            const int64_t j = i / b->images;
            cs_finish_outputs(b, (cs_outputs){i % b->images, first + j, phase, i}, b->sums + j * vector, vectors, biases + j * vector, y, any);
        }
    }
}

/* The same where lanes are tiles, and the panel's weights are brought to the points here: few channels are some of those at once. */
static void finish_lanes_panel(const cs_tile_box *b, const char *weights, int64_t panel, const char *biases, char *y, void *any)
{
    const int64_t C = b->g->window.channels;
    const cs_weights all = {b->group, panel, 0, 1, 0, 0, C, C};
    cs_winograd_transform(b->g, &all, weights, b->some);
    cs_finish_lanes(b, panel, panel + 1, b->some, biases, y, any);
}

/* Panels [from, to); `weights` are the group's, or all as they are, with the biases beside them. */
static void finish_panels(const cs_tile_box *b, const char *weights, const void *bias, int64_t from, int64_t to, char *y, void *any)
{
    enum { VECTOR = 64 };
    _Alignas(VECTOR) char own[MAX_VECTORS * VECTOR];
    const cs_winograd *g = b->g;
    const int64_t size = g->window.size, wide = g->vectors * g->window.lanes;
    const char *biases = weights + cs_winograd_bias(g) * size;
    if (g->by_tiles && !g->some) {
        cs_finish_lanes(b, from, to, panel_weights(g, weights, from, 0), biases + from * wide * size, y, any);
        return;
    }
    for (int64_t panel = from; panel < to; panel++) {
        if (g->some) cs_winograd_take_bias(g, b->group, panel, bias, own);
        (g->by_tiles ? finish_lanes_panel : finish_panel)(b, weights, panel, g->some ? own : biases + panel * wide * size, y, any);
    }
}

int cs_winograd_run(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias, const void *direct, void *y,
                    void *scratch)
{
    _Alignas(64) char any[64] = {0};
    const cs_window *w = &g->window;
    const int64_t shares = g->tasks / cs_winograd_boxes(g), share = task % shares, size = w->size;
    const cs_tile_box b = cs_find_box(g, task / shares, scratch);
    cs_transform_inputs(&b, x);
    int again = cs_find_uneven(&b);
    const char *u = (const char *)packed + (g->some ? 0 : b.group * (g->packed / w->groups));
    const int64_t from = g->panels * share / shares, to = g->panels * (share + 1) / shares, wide = g->vectors * w->lanes;
    finish_panels(&b, u, bias, from, to, y, any);
    for (int64_t i = 0; i < w->lanes * size; i++) again |= any[i];
    if (!again) return 0;
    if (!direct) return 1;
    cs_compute_again(&b, from * wide, cs_least(w->outputs, to * wide), x, direct, y);
    return 0;
}
