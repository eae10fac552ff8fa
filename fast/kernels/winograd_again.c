/* Winograd's convolution: the tiles that it cannot compute well, by the direct algorithm.
 *
 * The error of an output goes with the greatest input of its tile. Where all that an output sees is far below that, and
 * where an output is not finite, which a special value or an overflow on the way makes it, the tile is computed again.
 * Both are decided by exact comparisons, so that every instruction set decides alike. */
#include <string.h>

#include "winograd_box.h"

/* Columns that are computed again at once; of many outputs fewer. */
enum { COLUMNS = 32, FEW_COLUMNS = 8, MANY_OUTPUTS = 512 };

static int64_t most_columns(const cs_window *w)
{
    return w->outputs > MANY_OUTPUTS ? FEW_COLUMNS : COLUMNS;
}

/* The peaks of an image's pixels become those of what all parts see at their places, and then of what those without missing
 * taps do. */
static void fold_peaks(const cs_tile_box *b, int64_t columns)
{
    const cs_winograd *g = b->g;
    const int64_t size = g->window.size, room = cs_map_size(g), rows = (b->h1 - b->h0) * g->down + g->high - g->down;
    memset(b->maps, 0, (size_t)(g->maps * room));
    for (int64_t slab = 0; slab < cs_row_parts(g) * g->slab[2]; slab++) {
        const cs_slab s = cs_find_slab(g, slab);
        const char *from = b->strip + ((g->high > 1 ? s.at[1] : 0) * b->columns + s.at[2]) * size;
        for (int64_t map = 0; map < (cs_whole(g, &s) ? g->maps : 1); map++)
            for (int64_t r = 0; r < rows; r++)
                b->k->spread_peaks(b->maps + map * room + r * columns * size, NULL, from + r * cs_apart(g->high) * b->columns * size,
                                   cs_apart(g->broad), columns);
    }
}

int cs_find_uneven(cs_tile_box *b, int64_t shares)
{
    const cs_winograd *g = b->g;
    const cs_axis *a = g->window.axis;
    const int64_t size = g->window.size, pixels = g->rows * g->columns, room = cs_map_size(g);
    const int64_t across = (b->w1 - b->w0) * g->across + g->broad - g->across;
    const int64_t columns = cs_least(b->w1 * g->across, a[2].out) - b->w0 * g->across;
    const char *peaks = g->maps ? b->maps : b->strip, *seen = peaks + (g->maps > 1) * room;
    int found = 0;
    for (int64_t n = 0; n < b->images; n++) {
        memset(b->strip, 0, (size_t)room);
        for (int64_t share = 0; share < shares; share++)
            b->k->spread_peaks(b->strip, NULL, b->peaks + (n * shares + share) * pixels * size, 1, pixels);
        if (g->maps) fold_peaks(b, across);
        for (int64_t h = b->h0, first = 0; h < b->h1; h++, first += g->down * across * size)
            found |= b->k->uneven(g->high, g->broad, peaks + first, seen + first, across, cs_least(g->down, a[1].out - h * g->down),
                                  columns, b->lines, b->uneven + cs_first_tile(b, n, h));
    }
    return found;
}

static int all_zero(const char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (p[i]) return 0;
    return 1;
}

/* Whether a tile is to be computed again for outputs [from, to). */
static int marked(const cs_tile_box *b, int64_t tile, int64_t from, int64_t to)
{
    const cs_window *w = &b->g->window;
    if (b->uneven[tile]) return 1;
    for (int64_t k = from; k < to; k += w->lanes)
        if (!all_zero(b->flags + (k / w->lanes * b->tiles + tile) * w->lanes * w->size, w->lanes * w->size)) return 1;
    return 0;
}

/* Some columns of a row of tiles of one image. */
typedef struct {
    int64_t n, h, rows, left, columns, from, to; /* and some outputs */
} cs_piece;

/* The first output of a block of the direct algorithm. */
static int64_t first_output(const cs_window *w, int64_t block)
{
    return w->by_pixels ? w->outputs * block / w->blocks : cs_least(w->outputs, block * w->vectors * w->lanes);
}

/* A piece by the direct algorithm: direct[output][row][column]. */
static void run_direct(const cs_tile_box *b, const cs_piece *p, const char *x, const char *weights)
{
    cs_window w = b->g->window;
    x += ((b->image + p->n) * w.x_image + b->group * w.channels * w.x_channel) * w.size;
    weights += b->group * (cs_packed_size(&w) / w.groups);
    w.axis[0].first += b->depth * w.axis[0].step, w.axis[0].out = 1;
    w.axis[1].first += p->h * b->g->down * w.axis[1].step, w.axis[1].out = p->rows, w.axis[1].y = p->columns;
    w.axis[2].first += p->left * w.axis[2].step, w.axis[2].out = p->columns,
    w.axis[2].y = 1;
    w.groups = 1, w.y_base = 0, w.y_plane = p->rows * p->columns, w.packed = 0;
    cs_split(&w, 1, 1);
    w.tasks *= w.blocks, w.shares = w.blocks;
    for (int64_t i = 0; i < w.tasks; i++) {
        const int64_t block = i / (w.height_tasks * w.width_tasks) % w.blocks;
        if (first_output(&w, block) < p->to && first_output(&w, block + 1) > p->from)
            cs_run(&w, i, x, weights, NULL, b->direct, b->spare);
    }
}

/* Puts the tiles [t0, t1) of a piece, where they are marked, into the result. */
static void replace_tiles(const cs_tile_box *b, const cs_piece *p, int64_t t0, int64_t t1, char *y)
{
    const cs_window *w = &b->g->window;
    const cs_axis *a = w->axis;
    const int64_t size = w->size, across = b->g->across, lanes = w->lanes;
    for (int64_t k = p->from; k < p->to; k++)
        for (int64_t t = t0; t < t1; t++) {
            const int64_t tile = cs_first_tile(b, p->n, p->h) + t - b->w0, left = t * across;
            const int64_t columns = cs_least(across, a[2].out - left);
            const char *flag = b->flags + ((k / lanes * b->tiles + tile) * lanes + k % lanes) * size;
            if (!b->uneven[tile] && all_zero(flag, size)) continue;
            char *to = y + (cs_tile_place(b, p->n, p->h, t) + k * w->y_plane) * size;
            for (int64_t r = 0; r < p->rows; r++)
                for (int64_t c = 0; c < columns; c++)
                    memcpy(to + (r * a[1].y + c * a[2].y) * size,
                           b->direct + ((k * p->rows + r) * p->columns + left - p->left + c) * size, (size_t)size);
        }
}

int64_t cs_again_columns(const cs_window *w)
{
    return cs_least(w->axis[2].out, most_columns(w));
}

void cs_compute_again(const cs_tile_box *b, int64_t from, int64_t to, const char *x, const char *weights, char *y)
{
    const cs_window *w = &b->g->window;
    const int64_t down = b->g->down, across = b->g->across, out = w->axis[2].out, columns = cs_again_columns(w);
    for (int64_t n = 0; n < b->images; n++)
        for (int64_t h = b->h0; h < b->h1; h++)
            for (int64_t t = b->w0; t < b->w1; t++) {
                if (!marked(b, cs_first_tile(b, n, h) + t - b->w0, from, to)) continue;
                const int64_t last = cs_least(b->w1, t + most_columns(w) / across), left = cs_least(t * across, out - columns);
                const cs_piece p = {n, h, cs_least(down, w->axis[1].out - h * down), left, columns, from, to};
                run_direct(b, &p, x, weights);
                replace_tiles(b, &p, t, last, y);
                t = last - 1;
            }
}
