/* Register tiles whose vectors go over pixels. */
#include <string.h>

#include "task.h"

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

/* What all tiles of a box need. */
typedef struct {
    const char *src;
    int64_t pitch;
    cs_box b;
    char *y;
    int direct; /* vectors are whole runs of outputs; others are stored through a copy */
} cs_pixels;

/* Stores a tile whose vectors are not whole runs of outputs, and which is in t->tile. */
static void scatter_tile(const cs_state *t, const cs_pixels *p, int64_t i, int64_t outputs, char *y)
{
    const cs_window *w = t->w;
    const int64_t wide = w->vectors * w->lanes;
    for (int64_t j = 0; j < cs_least(w->vectors, t->tiles - i); j++) {
        const char *from = t->tile + j * w->lanes * w->size;
        if (p->b.w1 - p->b.w0 >= w->lanes) {
            store_run(t, from, wide, outputs, w->lanes, y + t->ys[i + j] * w->size);
        } else {
            scatter(t, from, wide, outputs, t->xs[i + j], p->pitch, p->b, y);
        }
    }
}

/* A block of outputs. */
typedef struct {
    int64_t outputs;
    const void *weights;
    tile_pixels *kernel;
    char *y;
} cs_block;

static cs_block block_of(const cs_state *t, int64_t block, char *y)
{
    const cs_window *w = t->w;
    const int64_t from = w->outputs * block / w->blocks, outputs = w->outputs * (block + 1) / w->blocks - from;
    return (cs_block){outputs, t->packed + from * (w->terms + 1) * w->size, t->k->pixels[outputs][w->vectors],
                      y + from * w->y_plane * w->size};
}

/* Some terms of a tile, from vector i of the list on, to `sums` or, if that is NULL, to where they belong. */
static inline void run_tile(const cs_state *t, const cs_pixels *p, int64_t i, const cs_block *block, const cs_terms *terms, char *sums)
{
    const cs_window *w = t->w;
    int64_t in_tile[MAX_VECTORS];
    if (!sums && p->direct) {
        block->kernel(p->src, t->xs + i, terms, block->weights, block->y, t->ys + i, w->y_plane);
        return;
    }
    for (int64_t j = 0; j < w->vectors; j++) in_tile[j] = j * w->lanes;
    block->kernel(p->src, t->xs + i, terms, block->weights, sums ? sums : t->tile, in_tile, w->vectors * w->lanes);
    if (!sums) scatter_tile(t, p, i, block->outputs, block->y);
}

/* Blocks [from, to) over the vectors [first, end), slice by slice: meanwhile a tile's inputs stay in the first-level cache, weights
 * and sums in the second. */
static void run_slices(cs_state *t, const cs_pixels *p, int64_t from, int64_t to, int64_t first, int64_t end)
{
    const cs_window *w = t->w;
    const int64_t bytes = w->rows * w->vectors * w->lanes * w->size;
    cs_block blocks[SLICE_BLOCKS];
    for (int64_t block = from; block < to; block++) blocks[block - from] = block_of(t, block, p->y);
    for (int64_t slice = 0; slice < w->slices; slice++) {
        char *sums = t->sums;
        cs_start_slice(t, slice);
        for (int64_t i = first; i < end; i += w->vectors)
            for (int64_t block = from; block < to; block++, sums += bytes) {
                const cs_terms *terms = cs_tile_terms(t, block, i, w->vectors, sums);
                run_tile(t, p, i, blocks + block - from, terms, t->slice.to == w->channels ? NULL : sums);
            }
    }
}

void cs_pixel_tiles(cs_state *t, const char *src, int64_t pitch, const int64_t *off, cs_box b, char *y)
{
    const cs_window *w = t->w;
    const cs_pixels p = {src, pitch, b, y, b.w1 - b.w0 >= w->lanes && w->axis[2].y == 1};
    const int tall = p.direct && w->by_rows && b.h1 - b.h0 >= ROW_TILE;
    if (cs_relist(t, b, pitch)) list_vectors(t, b, pitch, tall ? ROW_TILE : 1);
    t->top = b.h0, t->left = b.w0, t->all = (cs_terms){off, 0, w->terms, 0, 1, 0, NULL};
    if (tall) {
        row_tiles(t, src, pitch, off, y);
        return;
    }
    const int64_t blocks = w->slices > 1 ? SLICE_BLOCKS : 1, some = w->slices > 1 ? SLICE_TILES * w->vectors : t->tiles;
    for (int64_t block = t->from; block < t->to; block += blocks)
        for (int64_t i = 0; i < t->tiles; i += some)
            run_slices(t, &p, block, cs_least(t->to, block + blocks), i, cs_least(t->tiles, i + some));
}
