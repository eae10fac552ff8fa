/* The outputs of a box, register tile by register tile. */
#include <string.h>

#include "task.h"

enum { NEAR_WEIGHTS = 256 << 10, SHORT = 128 };

/* Stores a run of neighbouring pixels of some outputs, which are `wide` elements apart. */
static void store_run(const cs_state *t, const char *from, int64_t wide, int64_t outputs, int64_t run, char *to)
{
    const cs_window *w = t->w;
    const int64_t next = w->axis[2].y, size = w->size;
    if (w->y_plane == 1 && outputs > 2) {
        t->k->transpose(to, next, from, wide, outputs, run);
        return;
    }
    for (int64_t k = 0; k < outputs; k++, from += wide * size, to += w->y_plane * size) {
        if (next == 1) {
            memcpy(to, from, (size_t)(run * size));
        } else {
            t->k->spread(to, next, from, run);
        }
    }
}

/* The lanes of a vector that are outputs of the box; x is its place among rows that are `pitch` apart. */
static void scatter(const cs_state *t, const char *from, int64_t wide, int64_t outputs, int64_t x, int64_t pitch, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t columns = b.w1 - b.w0;
    int64_t row = x / pitch, column = x % pitch;
    for (int64_t l = 0; l < w->lanes && row < b.h1 - b.h0; l += pitch - column, row++, column = 0)
        store_run(t, from + l * w->size, wide, outputs, cs_least(columns - column, w->lanes - l),
                  y + (row * w->axis[1].y + column * w->axis[2].y) * w->size);
}

/* Whether the list of tiles is for another box; if so, the caller makes a new one. */
static int relist(cs_state *t, cs_box b, int64_t pitch)
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

/* Lists the vectors that cover a box, one for every `tall` rows, and repeats the last to make whole tiles of them. The
 * last vector of a row overlaps the one before, as the last `tall` rows do. Tiles whose taps go up start at their last row. */
static void list_vectors(cs_state *t, cs_box b, int64_t pitch, int64_t tall)
{
    const int64_t skip = t->w->axis[1].gap < 0 ? tall - 1 : 0;
    const int64_t lanes = t->w->lanes, rows = b.h1 - b.h0, columns = b.w1 - b.w0;
    int64_t n = 0;
    for (int64_t top = 0; top < rows && columns >= lanes; top += tall) {
        const int64_t row = cs_least(top, rows - tall) + skip;
        for (int64_t next = 0; next < columns; next += lanes, n++) {
            const int64_t column = cs_least(next, columns - lanes);
            t->xs[n] = row * pitch + column;
            t->ys[n] = row * t->w->axis[1].y + column * t->w->axis[2].y;
            t->boxes[n] = (cs_box){row, row + 1, column, column + lanes};
        }
    }
    for (int64_t at = 0; at < rows * pitch && columns < lanes; n++) {
        t->xs[n] = at;
        t->boxes[n] = (cs_box){at / pitch, cs_least(rows, (at + lanes - 1) / pitch + 1), 0, columns};
        at += lanes;
        if (at % pitch >= columns) at += pitch - at % pitch;
    }
    t->tiles = n;
    for (; n % t->w->vectors; n++) t->xs[n] = t->xs[n - 1], t->ys[n] = t->ys[n - 1], t->boxes[n] = t->boxes[n - 1];
}

/* Tiles that share the input rows of neighbouring outputs. */
static void row_tiles(const cs_state *t, const char *src, int64_t pitch, const int64_t *off, char *y)
{
    const cs_axis *a = t->w->axis;
    const int64_t sign = a[1].gap < 0 ? -1 : 1;
    for (int64_t i = 0; i < t->tiles; i += t->w->vectors)
        t->k->row_tile(src, t->xs + i, sign * pitch, off, t->w->channels * a[0].taps, a[1].taps, a[2].taps, t->packed, y,
                       t->ys + i, sign * a[1].y);
}

/* One tile whose vectors are not whole runs of outputs: through a copy. */
static void scatter_tile(const cs_state *t, tile_pixels *kernel, const char *src, int64_t pitch, const cs_terms *terms,
                         int64_t i, const void *weights, int64_t outputs, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const int64_t wide = w->vectors * w->lanes;
    int64_t in_tile[MAX_VECTORS];
    for (int64_t j = 0; j < w->vectors; j++) in_tile[j] = j * w->lanes;
    kernel(src, t->xs + i, terms, weights, t->tile, in_tile, wide);
    for (int64_t j = 0; j < cs_least(w->vectors, t->tiles - i); j++) {
        const char *from = t->tile + j * w->lanes * w->size;
        if (b.w1 - b.w0 >= w->lanes) {
            store_run(t, from, wide, outputs, w->lanes, y + t->ys[i + j] * w->size);
        } else {
            scatter(t, from, wide, outputs, t->xs[i + j], pitch, b, y);
        }
    }
}

void cs_pixel_tiles(cs_state *t, const char *src, int64_t pitch, const int64_t *off, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const int direct = b.w1 - b.w0 >= w->lanes && w->axis[2].y == 1,
              tall = direct && w->by_rows && b.h1 - b.h0 >= ROW_TILE;
    if (relist(t, b, pitch)) list_vectors(t, b, pitch, tall ? ROW_TILE : 1);
    t->top = b.h0, t->left = b.w0, t->all = (cs_terms){off, 0, w->terms, 0, 1, 0};
    if (tall) {
        row_tiles(t, src, pitch, off, y);
        return;
    }
    for (int64_t block = t->from; block < t->to; block++) {
        const int64_t from = w->outputs * block / w->blocks, rows = w->outputs * (block + 1) / w->blocks - from;
        tile_pixels *kernel = t->k->pixels[rows][w->vectors];
        const void *weights = t->packed + from * (w->terms + 1) * w->size;
        char *yb = y + from * w->y_plane * w->size;
        for (int64_t i = 0; i < t->tiles; i += w->vectors) {
            const cs_terms *terms = seen_terms(t, block, i, w->vectors);
            if (direct) {
                kernel(src, t->xs + i, terms, weights, yb, t->ys + i, w->y_plane);
            } else {
                scatter_tile(t, kernel, src, pitch, terms, i, weights, rows, b, yb);
            }
        }
    }
}

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

/* Has the lines fetched that a run of pixels will be stored to: a panel of short sums would wait for all of its own at once. */
static void expect(const cs_state *t, const cs_box *b, int64_t outputs, const char *y)
{
    const cs_window *w = t->w;
    const char *line = y + (b->h0 * w->axis[1].y + b->w0 * w->axis[2].y) * w->size;
    for (int64_t k = 0; k < outputs; k++, line += w->y_plane * w->size) __builtin_prefetch(line, 1);
}

/* Where a panel's outputs are stored: bytes from one row of pixels to the next, and elements between pixels. */
typedef struct {
    char *first;
    int64_t row, pixel;
} cs_sheet;

static char *place_of(const cs_sheet *s, const cs_box *b, int64_t size)
{
    return s->first + b->h0 * s->row + b->w0 * s->pixel * size;
}

/* One panel of a group's outputs: pairs of runs, and a smaller tile for one that is left, in two overlapping parts. */
static void run_panel(cs_state *t, const char *src, int64_t block, int64_t vectors, int64_t outputs, const cs_sheet *to,
                      const char *y)
{
    const cs_window *w = t->w;
    const int64_t size = w->size, half = w->rows / 2;
    const int64_t last = t->tiles - 1, small = cs_single_run(half), skip = half - small / 2, step = t->pixel;
    const char *weights = block_weights(t, block);
    tile_outputs *pair = choose_kernel(t, w->rows, vectors), *single = choose_kernel(t, small, vectors);
    for (int64_t i = 0; i < last; i += 2) {
        const cs_terms *terms = seen_terms(t, block, i, 2);
        if (w->y_plane > 1 && w->terms <= SHORT) expect(t, t->boxes + i, outputs, y);
        pair(src + t->xs[i] * size, src + t->xs[i + 1] * size, step, terms, weights, place_of(to, t->boxes + i, size),
             place_of(to, t->boxes + i + 1, size), to->pixel);
    }
    if (t->tiles % 2) {
        const cs_terms *terms = seen_terms(t, block, last, 1);
        char *first = place_of(to, t->boxes + last, size);
        single(src + t->xs[last] * size, src + (t->xs[last] + skip * step) * size, step, terms, weights, first,
               first + skip * to->pixel * size, to->pixel);
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
    if (relist(t, b, pitch)) list_runs(t, b, pitch, w->rows / 2);
    y += from * w->y_plane * w->size;
    const int there = w->y_plane == 1 && outputs == wide;
    const cs_sheet to = there ? (cs_sheet){y, w->axis[1].y * w->size, w->axis[2].y}
                              : (cs_sheet){t->tile, (b.w1 - b.w0) * wide * w->size, wide};
    run_panel(t, src, block, vectors, outputs, &to, y);
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
    t->all = (cs_terms){off, 0, w->terms, 0, 1, (2 * w->rows - 1) * t->pixel * w->size};
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
