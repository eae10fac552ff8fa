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
    for (int64_t slab = 0; slab < cs_strip_slabs(g); slab++) {
        const cs_slab s = cs_find_slab(g, slab);
        const char *from = b->strip + (s.at[1] * b->columns + s.at[2]) * size;
        for (int64_t map = 0; map < (cs_whole(g, &s) ? g->maps : 1); map++)
            for (int64_t r = 0; r < rows; r++)
                b->k->spread_peaks(b->maps + map * room + r * columns * size, NULL, from + r * g->apart * b->columns * size, g->apart, columns);
    }
}

/* The same for the phases' outputs: the least of what they see goes to the lines of a row of tiles. */
static int find_uneven_row(const cs_tile_box *b, const char *peaks, int64_t h, char *marks)
{
    const cs_winograd *g = b->g;
    const int64_t tiles = b->w1 - b->w0, top = h * g->down, left = b->w0 * g->across;
    memset(b->lines, 0x7e, (size_t)(tiles * g->window.size)); /* greater than any peak that matters */
    for (int64_t p = 0; p < g->phases; p++) {
        const cs_phase *one = &g->phase[p];
        const cs_axis *a = g->windows[p].apart;
        const cs_view v = {a[1].taps, a[2].taps, cs_most(0, one->skip[1] - top),
                           cs_least(g->down, one->skip[1] + a[1].out - top), cs_most(0, one->skip[2] - left),
                           cs_least(tiles * g->across, one->skip[2] + a[2].out - left)};
        b->k->see_outputs(peaks, b->columns, &v, b->lines);
    }
    return b->k->uneven_least(peaks, b->columns, g->high, tiles, b->lines, marks);
}

int cs_find_uneven(const cs_tile_box *b)
{
    const cs_winograd *g = b->g;
    const cs_axis *a = g->window.axis;
    const int64_t size = g->window.size, pixels = g->rows * g->columns, room = cs_map_size(g);
    const int64_t across = (b->w1 - b->w0) * g->across + g->broad - g->across;
    const int64_t columns = cs_least(b->w1 * g->across, a[2].out) - b->w0 * g->across;
    const char *peaks = g->maps ? b->maps : b->strip, *seen = peaks + (g->maps > 1) * room;
    int found = 0;
    for (int64_t n = 0; n < b->images; n++) {
        char *own = g->folded ? b->maps : b->strip;
        memset(own, 0, (size_t)((1 + g->folded) * room));
        for (int64_t map = 0; map <= g->folded; map++)
            b->k->spread_peaks(own + map * room, NULL, b->peaks + (n * cs_peaks(g) + map * pixels) * size, 1, pixels);
        if (g->maps && !g->folded) fold_peaks(b, across);
        for (int64_t h = b->h0, first = 0; h < b->h1; h++, first += g->down * across * size) {
            char *marks = b->uneven + cs_first_tile(b, n, h);
            found |= g->phases > 1 ? find_uneven_row(b, peaks + first, h, marks)
                                   : b->k->uneven(cs_form(g, 1), cs_form(g, 2), peaks + first, seen + first, across,
                                                  cs_least(g->down, a[1].out - h * g->down), columns, b->lines, marks);
        }
    }
    return found;
}

static int all_zero(const char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (p[i]) return 0;
    return 1;
}

/* Where the flags of a tile's outputs in a phase are, from a vector of outputs on. */
static const char *flags_of(const cs_tile_box *b, int64_t phase, int64_t output, int64_t tile)
{
    const cs_window *w = &b->g->window;
    if (b->g->by_tiles) return cs_lane_flag(b, output, tile);
    const int64_t vector = phase * cs_ceil(w->outputs, w->lanes) + output / w->lanes;
    return b->flags + ((vector * b->tiles + tile) * w->lanes + output % w->lanes) * w->size;
}

/* Whether a tile is to be computed again for outputs [from, to). */
static int marked(const cs_tile_box *b, int64_t phase, int64_t tile, int64_t from, int64_t to)
{
    const cs_window *w = &b->g->window;
    const int64_t some = b->g->by_tiles ? 1 : w->lanes;
    if (b->uneven[tile]) return 1;
    for (int64_t k = from; k < to; k += some)
        if (!all_zero(flags_of(b, phase, k, tile), some * w->size)) return 1;
    return 0;
}

/* Outputs [from, to) of a phase, at some columns of a row of tiles of one image. */
typedef struct {
    int64_t phase, from, to, n, top, rows, left, columns;
} cs_piece;

/* The window of a phase, with its axes as they were. */
static cs_window find_window(const cs_winograd *g, int64_t phase)
{
    cs_window w = g->window;
    if (g->phases == 1) return w;
    w = g->windows[phase];
    w.x_image = g->window.x_image, w.x_channel = g->window.x_channel;
    memcpy(w.x, g->window.x, sizeof w.x), memcpy(w.axis, w.apart, sizeof w.axis);
    return w;
}

/* The same for some rows and columns of one image and group, whose outputs are beside each other: [output][row][column]. */
static cs_window cut_window(cs_window w, int64_t rows, int64_t columns)
{
    w.axis[0].out = 1, w.axis[1].out = rows, w.axis[1].y = columns, w.axis[2].out = columns, w.axis[2].y = 1;
    w.groups = 1, w.y_base = 0, w.y_plane = rows * columns, w.packed = 0;
    cs_fit_rows(&w, columns);
    cs_split(&w, 1, 1);
    return w;
}

int64_t cs_again_scratch(const cs_winograd *g)
{
    int64_t most = 0;
    for (int64_t p = 0; p < g->phases; p++) {
        const cs_window w = find_window(g, p);
        const int64_t rows = cs_least(g->down, w.axis[1].out);
        most = cs_most(most, cut_window(w, rows, cs_again_columns(&w)).scratch);
    }
    return most;
}

/* The first output of a block of the direct algorithm. */
static int64_t first_output(const cs_window *w, int64_t block)
{
    return w->by_pixels ? w->outputs * block / w->blocks : cs_least(w->outputs, block * w->vectors * w->lanes);
}

/* A piece by the direct algorithm. */
static void run_direct(const cs_tile_box *b, cs_window w, const cs_piece *p, const char *x, const char *weights)
{
    x += ((b->image + p->n) * w.x_image + b->group * w.channels * w.x_channel) * w.size;
    weights += w.packed + b->group * (cs_packed_size(&w) / w.groups);
    const int64_t start[3] = {b->depth, p->top, p->left};
    for (int i = 0; i < 3; i++) w.axis[i].first += start[i] * w.axis[i].step;
    w = cut_window(w, p->rows, p->columns);
    w.tasks *= w.blocks, w.shares = w.blocks;
    for (int64_t i = 0; i < w.tasks; i++) {
        const int64_t block = i / (w.height_tasks * w.width_tasks) % w.blocks;
        if (first_output(&w, block) < p->to && first_output(&w, block + 1) > p->from)
            cs_run(&w, i, x, weights, NULL, b->direct, b->spare);
    }
}

/* Puts tile t of a row of tiles, where it is marked, into the result. */
static void replace_tile(const cs_tile_box *b, const cs_window *w, const cs_piece *p, int64_t h, int64_t t, char *y)
{
    const cs_axis *a = w->axis;
    const int64_t size = w->size, tile = cs_first_tile(b, p->n, h) + t - b->w0;
    const int64_t start = t * b->g->across - b->g->phase[p->phase].skip[2], left = cs_most(0, start);
    const int64_t columns = cs_least(start + b->g->across, a[2].out) - left;
    for (int64_t k = p->from; k < p->to; k++) {
        if (!b->uneven[tile] && all_zero(flags_of(b, p->phase, k, tile), size)) continue;
        char *to = y + (w->y_base + (b->image + p->n) * w->y_image + b->group * w->y_group + b->depth * a[0].y + p->top * a[1].y +
                        left * a[2].y + k * w->y_plane) * size;
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

/* The marked tiles of a row: as many columns at once as there is room for. */
static void compute_row(const cs_tile_box *b, const cs_window *w, cs_piece p, int64_t h, const char *x, const char *weights, char *y)
{
    const cs_winograd *g = b->g;
    const int64_t *skip = g->phase[p.phase].skip, start = h * g->down - skip[1];
    p.top = cs_most(0, start), p.rows = cs_least(start + g->down, w->axis[1].out) - p.top;
    p.columns = cs_again_columns(w);
    for (int64_t t = b->w0; t < b->w1 && p.rows > 0; t++) {
        if (!marked(b, p.phase, cs_first_tile(b, p.n, h) + t - b->w0, p.from, p.to)) continue;
        const int64_t last = cs_least(b->w1, t + most_columns(w) / g->across);
        p.left = cs_most(0, cs_least(t * g->across - skip[2], w->axis[2].out - p.columns));
        run_direct(b, *w, &p, x, weights);
        for (; t < last; t++) replace_tile(b, w, &p, h, t, y);
        t = last - 1;
    }
}

void cs_compute_again(const cs_tile_box *b, int64_t from, int64_t to, const char *x, const char *weights, char *y)
{
    for (int64_t phase = 0; phase < b->g->phases; phase++) {
        const cs_window w = find_window(b->g, phase);
        for (int64_t n = 0; n < b->images; n++)
            for (int64_t h = b->h0; h < b->h1; h++)
                compute_row(b, &w, (cs_piece){.phase = phase, .from = from, .to = to, .n = n}, h, x, weights, y);
    }
}
