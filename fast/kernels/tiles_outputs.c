/* Register tiles whose vectors go over outputs. */
#include <string.h>

#include "task.h"

enum { NEAR_WEIGHTS = 256 << 10, SHORT = 128, LINE = 64 };

/* Stores a panel of outputs, which is there pixel by pixel, output by output. */
static void store_panel(const cs_state *t, cs_box b, int64_t wide, int64_t outputs, char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, rows = b.h1 - b.h0, columns = b.w1 - b.w0;
    if (w->y_plane == 1) {
        for (int64_t i = 0; i < rows * columns; i++)
            memcpy(y + (i / columns * w->axis[1].y + i % columns * w->axis[2].y) * size, t->tile + i * wide * size,
                   (size_t)(outputs * size));
        return;
    }
    if (w->axis[2].y == 1 && (rows == 1 || w->axis[1].y == columns)) {
        t->k->transpose(y, w->y_plane, t->tile, wide, rows * columns, outputs);
        return;
    }
    for (int64_t r = 0; r < rows; r++) {
        const char *from = t->tile + r * columns * wide * size;
        char *to = y + r * w->axis[1].y * size;
        if (w->axis[2].y == 1) {
            t->k->transpose(to, w->y_plane, from, wide, columns, outputs);
        } else {
            t->k->transpose_apart(to, w->y_plane, w->axis[2].y, from, wide, columns, outputs);
        }
    }
}

/* Lists the runs of `half` pixels that cover some rows; the last one of a row overlaps the one before. */
static void list_runs(cs_state *t, cs_box b, int64_t pitch, int64_t half)
{
    const int64_t columns = b.w1 - b.w0;
    for (int64_t row = 0; row < b.h1 - b.h0; row++) {
        for (int64_t next = 0; next < columns; next += half, t->tiles++) {
            const int64_t column = cs_least(next, columns - half);
            t->xs[t->tiles] = row * pitch + column * t->pixel;
            t->boxes[t->tiles] = (cs_box){row, row + 1, column, column + half};
        }
    }
}

static tile_outputs *choose_kernel(const cs_state *t, int64_t rows, int64_t vectors)
{
    const cs_axis *a = &t->w->axis[2];
    if (!t->w->by_groups) return t->k->outputs[rows][vectors];
    tile_outputs *slide = a->gap == 1 && a->step == 1 && a->taps <= MAX_VECTORS ? t->k->slide[rows][a->taps] : NULL;
    return slide ? slide : t->k->groups[rows];
}

/* The packed weights of a block. */
static const char *block_weights(cs_state *t, int64_t block)
{
    const cs_window *w = t->w;
    if (!t->raw) return t->packed + block * cs_block_bytes(w);
    if (t->fresh_block != block) {
        t->fresh_block = block;
        t->fresh_finite = cs_pack_block(w, block, t->raw, t->bias, t->fresh);
        t->all_finite &= t->fresh_finite;
    }
    return t->fresh;
}

/* Has the lines fetched that a tile's pixels will be stored to, by one of the tiles that share them: a panel of short sums would wait
 * for all of its own at once. */
static void expect(const cs_state *t, const cs_box *b, int64_t outputs, const char *y)
{
    const cs_window *w = t->w;
    const char *line = y + (b->h0 * w->axis[1].y + b->w0 * w->axis[2].y) * w->size;
    if ((uintptr_t)line % LINE >= (uintptr_t)(w->rows * w->axis[2].y * w->size)) return;
    for (int64_t k = 0; k < outputs; k++, line += w->y_plane * w->size) __builtin_prefetch(line, 1);
}

/* A panel of outputs, and where it is stored: bytes from one row of pixels to the next, and elements between pixels. */
typedef struct {
    const char *src;
    int64_t outputs, vectors;
    char *first, *y; /* in the result: where it belongs at last */
    int64_t row, pixel;
} cs_panel;

static char *place_of(const cs_panel *p, const cs_box *b, int64_t size)
{
    return p->first + b->h0 * p->row + b->w0 * p->pixel * size;
}

/* One panel of a group's outputs: pairs of runs, and a smaller tile for one that is left, in two overlapping parts. */
static void run_panel(cs_state *t, const cs_panel *p, int64_t block)
{
    const cs_window *w = t->w;
    const int whole = t->slice.to == w->channels; /* sums wait, tile after tile, until they are */
    const int64_t size = w->size, half = w->rows / 2, wide = p->vectors * w->lanes, pixel = whole ? p->pixel : wide;
    const int64_t last = t->tiles - 1, small = cs_single_run(half), skip = half - small / 2, step = t->pixel;
    const char *weights = block_weights(t, block);
    char *sums = t->sums;
    tile_outputs *pair = choose_kernel(t, w->rows, p->vectors), *single = choose_kernel(t, small, p->vectors);
    for (int64_t i = 0; i < last; i += 2, sums += w->rows * wide * size) {
        const cs_terms *terms = cs_tile_terms(t, block, i, 2, sums);
        if (w->y_plane > 1 && w->terms <= SHORT) expect(t, t->boxes + i, p->outputs, p->y);
        pair(p->src + t->xs[i] * size, p->src + t->xs[i + 1] * size, step, terms, weights,
             whole ? place_of(p, t->boxes + i, size) : sums,
             whole ? place_of(p, t->boxes + i + 1, size) : sums + half * wide * size, pixel);
    }
    if (t->tiles % 2) {
        const cs_terms *terms = cs_tile_terms(t, block, last, 1, sums);
        const char *x = p->src + t->xs[last] * size;
        char *first = whole ? place_of(p, t->boxes + last, size) : sums;
        single(x, x + skip * step * size, step, terms, weights, first, first + (whole ? skip : small / 2) * pixel * size, pixel);
    }
}

/* One panel over a box of src, which holds no others. Whole vectors of outputs that are neighbours in the result need no other
 * place before. */
static void run_block(cs_state *t, const char *src, int64_t pitch, int64_t block, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t panel = w->vectors * w->lanes, from = block * panel;
    const int64_t outputs = cs_least(panel, (w->by_groups ? t->groups : w->outputs) - from), vectors = cs_ceil(outputs, w->lanes),
                  wide = vectors * w->lanes;
    if (cs_relist(t, b, pitch)) list_runs(t, b, pitch, w->rows / 2);
    y += from * w->y_plane * w->size;
    const int there = w->y_plane == 1 && outputs == wide;
    const cs_panel p = there ? (cs_panel){src, outputs, vectors, y, y, w->axis[1].y * w->size, w->axis[2].y}
                             : (cs_panel){src, outputs, vectors, t->tile, y, (b.w1 - b.w0) * wide * w->size, wide};
    for (int64_t slice = 0; slice < w->slices; slice++) {
        cs_start_slice(t, slice);
        run_panel(t, &p, block);
    }
    if (!there) store_panel(t, b, wide, outputs, y);
}

/* Pieces of the box, which are stored while they are in the first-level cache. Weights that stay in the second-level cache go
 * over each of them in turn, so that it is read once; larger ones are read once themselves. */
void cs_output_tiles(cs_state *t, const char *src, int64_t pitch, const int64_t *off, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const int64_t columns = b.w1 - b.w0, rows = b.h1 - b.h0, tall = cs_panel_rows(w), blocks = t->to - t->from;
    const int64_t wide = cs_ceil(columns, cs_panel_columns(w)), pieces = cs_ceil(rows, tall) * wide;
    t->all = (cs_terms){off, 0, w->terms, 0, 1, (2 * w->rows - 1) * t->pixel * w->size, NULL};
    const int near = !t->raw && w->outputs * w->terms * w->size <= NEAR_WEIGHTS;
    for (int64_t i = 0; i < pieces * blocks; i++) {
        const int64_t piece = near ? i / blocks : i % pieces, block = t->from + (near ? i % blocks : i / pieces);
        const int64_t row = piece / wide * tall, from = columns * (piece % wide) / wide;
        const cs_box some = {0, cs_least(tall, rows - row), 0, columns * (piece % wide + 1) / wide - from};
        t->top = b.h0 + row, t->left = b.w0 + from;
        run_block(t, src + (row * pitch + from * t->pixel) * w->size, pitch, block, some,
                  y + (row * h->y + from * v->y) * w->size);
    }
}
