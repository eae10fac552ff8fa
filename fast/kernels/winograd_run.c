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
    const int64_t vector = w->lanes * w->size, first = (slab * b->g->blocks * w->lanes + t->from) * b->tiles;
    const char *v = b->v + (point * b->step + first) * w->size;
    const char *u = t->u + (point * (t->slabs * t->channels * vectors + 1) + (slab - t->slab) * t->channels * vectors) * vector;
    char *m = b->sums + point * (b->tiles * vectors + 1) * vector;
    for (int64_t i = 0, rows = most; i < b->tiles; i += rows) {
        while (rows > b->tiles - i || !b->k->products[rows][vectors]) rows--;
        b->k->products[rows][vectors](v + i * vector, b->tiles * w->lanes, u, t->channels, slabs, m + i * vectors * vector,
                                      first > 0);
    }
}

/* At each point without the slabs that are nothing there. */
static void multiply(const cs_tile_box *b, int64_t vectors, terms t)
{
    const int64_t most = cs_winograd_rows(b->g, b->tiles, vectors), end = t.slab + t.slabs;
    for (int64_t p = 0; p < b->g->points; p++) {
        const int all = cs_all_have(b->g, p);
        for (int64_t slab = t.slab, next; slab < end; slab = next + 1) {
            for (next = all ? end : slab; next < end && cs_has_point(b->g, next, p);) next++;
            if (next > slab) multiply_slabs(b, vectors, most, &t, slab, next - slab, p);
        }
    }
}

/* The sums over all terms; `weights` are the panel's, or all as they are where they are transformed here. */
static void multiply_panel(const cs_tile_box *b, const char *weights, int64_t panel, int64_t vectors)
{
    const cs_winograd *g = b->g;
    const int64_t channels = g->window.channels;
    if (!g->some) {
        multiply(b, vectors, (terms){0, g->slabs, 0, channels, weights + cs_winograd_panel(g, panel) * g->window.size});
        return;
    }
    for (int64_t slab = 0; slab < g->slabs; slab++)
        for (int64_t from = 0; from < channels; from += g->some) {
            const int64_t to = cs_least(channels, from + g->some);
            cs_winograd_transform(g, b->group, panel, slab, from, to, weights, b->some, to - from);
            multiply(b, vectors, (terms){slab, 1, from, to - from, b->some});
        }
}

/* One vector of outputs of one image: their tiles, then their places in the result. */
static void store_outputs(const cs_tile_box *b, int64_t n, int64_t output, const char *m, int64_t vectors,
                          const char *bias, char *y, void *any)
{
    const cs_window *w = &b->g->window;
    const cs_axis *a = w->axis;
    const int64_t size = w->size, down = b->g->down, across = b->g->across, vector = w->lanes * size;
    const int64_t columns = cs_least(b->w1 * across, a[2].out) - b->w0 * across;
    const int64_t rows = cs_least(b->h1 * down, a[1].out) - b->h0 * down, some = cs_least(w->lanes, w->outputs - output);
    char *to = y + (cs_tile_place(b, n, b->h0, b->w0) + output * w->y_plane) * size;
    const int there = w->y_plane == 1 && some == w->lanes; /* the outputs of a pixel are neighbours in the result too */
    const int64_t row = there ? a[1].y : columns * w->lanes, pixel = there ? a[2].y : w->lanes;
    char *staged = there ? to : b->stage;
    for (int64_t h = b->h0; h < b->h1; h++) {
        const int64_t first = cs_first_tile(b, n, h), top = (h - b->h0) * down;
        b->k->backward(b->g->high, b->g->broad, m + first * vectors * vector, (b->tiles * vectors + 1) * w->lanes, vectors * w->lanes,
                       columns, rows - top, bias, staged + top * row * size, row, pixel,
                       b->flags + (output / w->lanes * b->tiles + first) * vector, any);
    }
    if (there) return;
    if (w->y_plane == 1) {
        for (int64_t i = 0; i < rows * columns; i++)
            memcpy(to + (i / columns * a[1].y + i % columns * a[2].y) * size, b->stage + i * vector, (size_t)(some * size));
        return;
    }
    if (a[1].y == columns) {
        b->k->transpose(to, w->y_plane, b->stage, w->lanes, rows * columns, some);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        b->k->transpose(to + r * a[1].y * size, w->y_plane, b->stage + r * columns * vector, w->lanes, columns, some);
}

int cs_winograd_output(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias, const void *direct,
                       void *y, void *common, void *scratch)
{
    enum { VECTOR = 64 };
    _Alignas(VECTOR) char any[VECTOR] = {0}, own[MAX_VECTORS * VECTOR];
    const cs_window *w = &g->window;
    const int64_t boxes = cs_winograd_boxes(g), shares = g->output_tasks / boxes, share = task % shares;
    const int64_t all = cs_ceil(w->outputs, w->lanes), size = w->size, vector = w->lanes * size;
    cs_tile_box b = cs_find_box(g, task / shares, common, scratch);
    if (!g->shared) cs_transform_inputs(&b, x, 0, 1);
    int again = cs_find_uneven(&b, g->shared ? g->input_tasks / boxes : 1);
    const char *u = (const char *)packed + (g->some ? 0 : b.group * (g->packed / w->groups));
    const int64_t from = g->panels * share / shares, to = g->panels * (share + 1) / shares;
    for (int64_t panel = from; panel < to; panel++) {
        const int64_t first = panel * g->vectors, vectors = cs_least(g->vectors, all - first);
        const char *biases = g->some ? own : u + (cs_winograd_bias(g) + first * w->lanes) * size;
        if (g->some) cs_winograd_take_bias(g, b.group, first * w->lanes, vectors * w->lanes, bias, own);
        multiply_panel(&b, u, panel, vectors);
        for (int64_t j = 0; j < vectors; j++)
            for (int64_t n = 0; n < b.images; n++)
                store_outputs(&b, n, (first + j) * w->lanes, b.sums + j * vector, vectors,
                              biases + j * vector, y, any);
    }
    for (int64_t i = 0; i < vector; i++) again |= any[i];
    if (!again) return 0;
    if (!direct) return 1;
    cs_compute_again(&b, from * g->vectors * w->lanes, cs_least(w->outputs, to * g->vectors * w->lanes), x, direct, y);
    return 0;
}
