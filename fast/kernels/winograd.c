/* Winograd's convolution: whether to use it, its weights, and how its tiles are split into boxes. */
#include "winograd.h"

#include <string.h>

#include "window.h"

/* The transformed inputs of a box; more of them where weights beyond the third-level cache are read for each box. */
enum { BOX_BYTES = 1 << 20, LARGE_BOX_BYTES = 3 << 20, CACHE_BYTES = 24 << 20 };

/* Outputs along an axis, and the inputs that they see: three neighbouring taps, in either direction, outputs one apart. */
static int three_taps(const cs_axis *a)
{
    return a->taps == 3 && (a->gap == 1 || a->gap == -1) && a->step == 1;
}

/* Where the weight of the tap is that sees the t-th of the three inputs. */
static int64_t tap_place(const cs_axis *a, int64_t t)
{
    return (a->gap < 0 ? 2 - t : t) * a->w;
}

static int one_tap(const cs_axis *a)
{
    return a->taps == 1 && a->step == 1 && a->first == 0 && a->in == a->out;
}

static double vectors_of_16(int64_t n)
{
    return 16.0 * (double)cs_ceil(n, 16);
}

/* Clock cycles for one image and group by a yardstick that is the same for every instruction set: 32 multiply-adds a
 * cycle, transforms by 16 channels, weights that stream from the third-level cache, or memory. */
static double cycles(const cs_window *w, int64_t side)
{
    const int64_t h = w->axis[1].out, v = w->axis[2].out;
    const double pairs = (double)w->channels * (double)w->outputs;
    if (side == 0) return pairs * 9 * (double)(h * v) / 29;
    const double points = (double)((side + 2) * (side + 2)), tiles = (double)(cs_ceil(h, side) * cs_ceil(v, side));
    const double bytes = points * pairs * (double)w->size, stream = bytes > CACHE_BYTES ? 0.7 : 0.45;
    const double multiply = tiles / 29 > stream ? tiles / 29 : stream;
    return points * pairs * multiply +
           tiles * (vectors_of_16(w->channels) + vectors_of_16(w->outputs)) * (side == 4 ? 11 : 5);
}

/* The side of a tile, or 0 where the direct algorithm is to be used. */
static int64_t choose_side(const cs_window *w, int forced)
{
    const double direct = 0.9 * cycles(w, 0), four = cycles(w, 4), two = cycles(w, 2);
    const int64_t side = two < four ? 2 : 4;
    return forced || (side == 2 ? two : four) < direct ? side : 0;
}

static int64_t panel_outputs(const cs_winograd *g)
{
    return g->vectors * g->window.lanes;
}

/* Cycles for a number of tiles and vectors, with loads, and chains that wait for their latency. */
static int64_t product_cycles(int64_t rows, int64_t vectors)
{
    return cs_most(cs_most(rows * vectors, 8), rows + vectors);
}

/* The register tile for `tiles` tiles by that many vectors: its rows, and the cycles that it takes. */
static int64_t choose_rows(const cs_table *k, int64_t tiles, int64_t vectors, int64_t *cost)
{
    int64_t best = 0;
    for (int64_t rows = 1; rows <= cs_least(tiles, MAX_ROWS); rows++) {
        const int64_t one = cs_ceil(tiles, rows) * (product_cycles(rows, vectors) + 1);
        if (k->products[rows][vectors] && (best == 0 || one <= *cost)) best = rows, *cost = one;
    }
    return best;
}

int64_t cs_winograd_rows(const cs_winograd *g, int64_t tiles, int64_t vectors)
{
    int64_t cost = 0;
    return choose_rows(cs_kernels(g->window.dtype), tiles, vectors, &cost);
}

static int64_t box_tiles(const cs_winograd *g)
{
    const int64_t one = g->points * g->blocks * g->window.lanes * g->window.size;
    const int64_t weights = g->points * g->window.channels * g->window.outputs * g->window.size;
    return cs_most(1, (weights > CACHE_BYTES ? LARGE_BOX_BYTES : BOX_BYTES) / one);
}

static void choose_panels(cs_winograd *g, const cs_table *k)
{
    const int64_t all = cs_ceil(g->window.outputs, k->lanes), tiles = cs_least(g->tall * g->wide, box_tiles(g));
    int64_t least = 0, cost = 0, rest = 0;
    for (int64_t vectors = 1; vectors <= MAX_VECTORS; vectors++) {
        if (!k->products[1][vectors] || (vectors > 1 && vectors > all)) continue;
        choose_rows(k, cs_most(tiles, 14), vectors, &cost);
        cost *= all / vectors;
        /* A panel that is narrower than the others is a poor share for a thread. */
        if (all % vectors) choose_rows(k, cs_most(tiles, 14), all % vectors, &rest), cost += rest + cost / 16;
        if (least == 0 || cost < least) least = cost, g->vectors = vectors;
    }
    g->panels = cs_ceil(all, g->vectors);
}

int cs_winograd_choose(cs_winograd *g, const cs_window *w, int forced)
{
    const cs_axis *a = w->axis;
    const cs_table *k = cs_kernels(w->dtype);
    if (w->kind != CS_FMA || (w->dtype != CS_F32 && w->dtype != CS_F64) || w->boundary != CS_FILL || w->fill ||
        !one_tap(&a[0]) || !three_taps(&a[1]) || !three_taps(&a[2]) || a[2].y != 1 || w->channels == 0 ||
        w->outputs == 0)
        return 0;
    const int64_t side = choose_side(w, forced);
    if (side == 0) return 0;
    *g = (cs_winograd){.window = *w, .side = side, .points = (side + 2) * (side + 2)};
    g->direct_cycles = cycles(w, 0), g->tiled_cycles = cycles(w, side);
    g->blocks = cs_ceil(w->channels, w->lanes);
    g->tall = cs_ceil(a[1].out, side), g->wide = cs_ceil(a[2].out, side);
    choose_panels(g, k);
    const int64_t outputs = cs_ceil(w->outputs, w->lanes) * w->lanes;
    g->packed = w->groups * outputs * (g->points * w->channels + 1) * w->size;
    return 1;
}

/* The taps of a vector of outputs and a channel, lanes beyond the last output 0. */
static void take_taps(const cs_window *w, const char *from, int64_t lanes, char *taps)
{
    const cs_axis *a = w->axis;
    const int64_t size = w->size;
    memset(taps, 0, (size_t)(9 * w->lanes * size));
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t t = 0; t < 9; t++)
            memcpy(taps + (t * w->lanes + l) * size, from + (l * w->w_output + tap_place(&a[1], t / 3) + tap_place(&a[2], t % 3)) * size,
                   (size_t)size);
}

void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
{
    enum { TAPS = 9 * 16 * 8 };
    _Alignas(64) char taps[TAPS];
    const cs_window *w = &g->window;
    const int64_t group = panel / g->panels, first = panel % g->panels * panel_outputs(g), size = w->size;
    const int64_t padded = cs_ceil(w->outputs, w->lanes) * w->lanes, wide = cs_least(panel_outputs(g), padded - first);
    char *base = (char *)packed + group * padded * (g->points * w->channels + 1) * size;
    char *u = base + first * g->points * w->channels * size, *b = base + padded * g->points * w->channels * size;
    const char *from = (const char *)weights + (w->w_base + group * w->w_group + first * w->w_output) * size;
    memset(b + first * size, 0, (size_t)(wide * size));
    for (int64_t k = 0; bias && k < cs_least(wide, w->outputs - first); k++)
        memcpy(b + (first + k) * size,
               (const char *)bias + (w->b_base + (group * w->outputs + first + k) * w->b_output) * size, (size_t)size);
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t k = 0; k < wide; k += w->lanes) {
            take_taps(w, from + (k * w->w_output + c * w->w_channel) * size, cs_least(w->lanes, w->outputs - first - k),
                      taps);
            cs_kernels(w->dtype)->kernels(g->side, taps, u + (c * wide + k) * size, w->channels * wide);
        }
}

int64_t cs_winograd_inputs(const cs_winograd *g)
{
    return (g->points * (g->blocks * g->tiles + 1) * g->window.lanes * g->window.size + 63) & -64;
}

int64_t cs_winograd_common(const cs_winograd *g)
{
    const int64_t shares = g->input_tasks / (g->plane_boxes * g->window.groups * g->window.axis[0].out *
                                             g->tall_boxes * g->wide_boxes);
    return (cs_winograd_inputs(g) + g->planes * shares * g->pixels * g->window.size + 63) & -64;
}

/* Bytes of the parts of the scratch: see winograd_run.c. */
static void measure_scratch(cs_winograd *g)
{
    const cs_window *w = &g->window;
    const int64_t lanes = w->lanes, edge = g->side + 2, outputs = cs_ceil(w->outputs, lanes) * lanes;
    const int64_t down = g->height * g->side + 2, across = g->width * g->side + 2;
    const int64_t input = ((down + edge) * across + 3) * lanes * w->size + down * across * 8;
    const int64_t sums = g->points * (g->tiles * g->vectors + 1) * lanes;
    const int64_t output = (g->height * g->width * g->side * g->side + g->tiles * cs_ceil(outputs, lanes)) * lanes;
    cs_window again = *w;
    again.axis[1].out = cs_least(g->side, again.axis[1].out), again.groups = 1;
    again.axis[2].out = cs_again_columns(w);
    cs_split(&again, 1, 1);
    g->pixels = down * across + lanes;
    g->scratch = input + (g->shared ? 0 : cs_winograd_inputs(g) + g->planes * g->pixels * w->size) +
                 (sums + output) * w->size + g->tiles + again.scratch +
                 w->outputs * g->side * again.axis[2].out * w->size + 10 * 64;
    g->common = g->shared ? cs_winograd_common(g) : 0;
}

static int64_t count_boxes(cs_winograd *g)
{
    g->plane_boxes = cs_ceil(g->window.images, g->planes);
    g->tall_boxes = cs_ceil(g->tall, g->height), g->wide_boxes = cs_ceil(g->wide, g->width);
    return g->plane_boxes * g->window.groups * g->window.axis[0].out * g->tall_boxes * g->wide_boxes;
}

/* Boxes of whole rows of tiles where they fit; as few as are needed, of equal size, and as many for every thread. */
static int64_t choose_boxes(cs_winograd *g, int threads)
{
    const int64_t most = box_tiles(g);
    g->width = cs_ceil(g->wide, cs_ceil(g->wide, most));
    g->height = cs_most(1, cs_least(g->tall, most / g->width));
    g->height = cs_ceil(g->tall, cs_ceil(g->tall, g->height));
    g->planes = 1;
    if (g->width == g->wide && g->height == g->tall)
        g->planes = cs_most(1, cs_least(cs_ceil(g->window.images, threads), most / (g->tall * g->wide)));
    int64_t boxes = count_boxes(g);
    if (boxes > threads && boxes < 8 * threads && boxes % threads && g->height > 1) {
        g->height = cs_ceil(g->height, 2);
        boxes = count_boxes(g);
    }
    return boxes;
}

void cs_winograd_split(cs_winograd *g, int64_t images, int threads)
{
    g->window.images = images;
    const int64_t boxes = choose_boxes(g, threads);
    g->tiles = g->planes * g->height * g->width;
    g->shared = threads > 1 && (boxes < threads || (boxes < 4 * threads && boxes % threads));
    g->input_tasks = g->shared ? boxes * cs_least(g->blocks, cs_ceil(2 * threads, cs_most(1, boxes))) : 0;
    g->output_tasks = boxes * (g->shared ? cs_least(g->panels, cs_ceil(4 * threads, cs_most(1, boxes))) : 1);
    measure_scratch(g);
    if (g->shared) g->common = g->common * boxes + 64;
}
