/* Winograd's convolution: whether to use it, and how its tiles are split into boxes. */
#include "winograd.h"

#include "window.h"

/* The transformed inputs of a box and some sums; more of them where many weights are read for each box. What the
 * third-level cache is taken to hold. */
enum { BOX_BYTES = 3 << 19, LARGE_BOX_BYTES = 5 << 19, MANY_BYTES = 12 << 20, CACHE_BYTES = 24 << 20 };

/* What a thread takes in all, and its part of shared inputs. */
enum { MOST_BYTES = 13 << 18, SHARED_BYTES = 9 << 18 };

/* So many boxes of a group transform the same weights again, of so many channels at a time. */
enum { FEW_BOXES = 3, SOME_CHANNELS = 48 };

/* Cycles of a call that its size has no part in. */
enum { CALL_CYCLES = 12000 };

/* Cycles to transform 16 inputs or outputs for a point, also inputs of several parts of the taps or for several phases, and of
 * outputs two apart; what the outputs of phases take beyond those of the direct algorithm, which alternate too; for a weight
 * from the third-level cache, or memory, for each box. */
static const double TRANSFORM = 0.8, PARTED = 1.2, SPREAD = 2.4, ALTERNATING = 0.12, STREAM = 0.7, FROM_MEMORY = 1.4;

static int one_tap(const cs_axis *a)
{
    return a->taps == 1 && a->step == 1 && a->first == 0 && a->in == a->out;
}

/* Inputs from output to output of tiles of so many points. */
static int64_t apart(int64_t points)
{
    return points == 5 ? 2 : 1;
}

/* Whether an axis may have tiles of so many points. */
static int may_have(const cs_window *w, int axis, int64_t points)
{
    return cs_may_tile(w, &w->axis[axis]) && w->axis[axis].step == apart(points);
}

static double vectors_of_16(int64_t n)
{
    return 16.0 * (double)cs_ceil(n, 16);
}

/* Clock cycles for one image and group by a yardstick that is the same for every instruction set: 16 multiply-adds a cycle,
 * transforms by 16 channels, weights that stream from the third-level cache, or memory, for each box. */
static double direct_cycles(const cs_window *w)
{
    const cs_axis *a = w->axis;
    return (double)(w->terms * w->outputs) * (double)(a[0].out * a[1].out * a[2].out) / 14.5;
}

static double tiled_cycles(const cs_winograd *g)
{
    const cs_window *w = &g->window;
    const double terms = (double)(w->channels * w->outputs), tiles = (double)(g->tall * g->wide), points = (double)cs_slab_points(g);
    const double bytes = points * terms * (double)w->size;
    const double inputs = vectors_of_16(w->channels), outputs = vectors_of_16(w->outputs);
    const double boxes = tiles * (double)(g->points * g->slabs * w->size) * inputs / (bytes > MANY_BYTES ? LARGE_BOX_BYTES : BOX_BYTES);
    const double weight = bytes > CACHE_BYTES ? FROM_MEMORY : STREAM;
    const double stream = weight * (boxes > 1 ? boxes : 1), multiply = tiles / 14.5;
    const double input = g->apart > 1 ? SPREAD : g->slab[1] * g->slab[2] * g->phases > 1 ? PARTED : TRANSFORM;
    const double output = g->phases > 1 ? (double)g->phases * ALTERNATING : TRANSFORM;
    return (double)w->axis[0].out * (points * (terms * (multiply > stream ? multiply : stream) + tiles * input * inputs / (double)g->phases) +
                                     (double)g->points * tiles * output * outputs);
}

/* Tiles of so many points. */
static void lay_tiles(cs_winograd *g, int64_t high, int64_t broad)
{
    const cs_axis *a = g->window.axis;
    g->high = high, g->broad = broad, g->down = cs_tile_side(high), g->across = cs_tile_side(broad);
    g->points = high * broad;
    g->slab[0] = a[0].taps, g->slab[1] = cs_parts(a[1].taps, high, g->apart), g->slab[2] = cs_parts(a[2].taps, broad, g->apart);
    g->slabs = g->slab[0] * g->slab[1] * g->slab[2];
    g->maps = g->slab[2] * cs_row_parts(g) > 1 ? g->apart : 0;
    cs_measure_parts(g);
    g->tall = cs_ceil(a[1].out, g->down), g->wide = cs_ceil(a[2].out, g->across);
    g->tiled_cycles = tiled_cycles(g);
}

/* Where there are such for this window. */
static int try_tiles(cs_winograd *g, int64_t high, int64_t broad)
{
    const cs_window *w = &g->window;
    if (high > 1 ? !may_have(w, 1, high) : may_have(w, 1, 6) && may_have(w, 2, 6)) return 0;
    if (broad > 1 ? !may_have(w, 2, broad) : !one_tap(&w->axis[2])) return 0;
    g->apart = apart(broad);
    lay_tiles(g, high, broad);
    return 1;
}

/* The tiles of least cost; whether they are to be used instead of the direct algorithm. */
static int choose_tiles(cs_winograd *g, int64_t side, int forced)
{
    static const int64_t points[][2] = {{6, 6}, {4, 6}, {4, 4}, {1, 6}, {6, 1}, {5, 5}};
    cs_winograd best = {0};
    for (int64_t p = 0; p < g->phases; p++) g->direct_cycles += direct_cycles(&g->windows[p]);
    if (g->phases > 1) lay_tiles(g, side, side), best = *g;
    for (unsigned i = 0; i < sizeof points / sizeof *points && g->phases == 1; i++)
        if (try_tiles(g, points[i][0], points[i][1]) && (best.down == 0 || g->tiled_cycles < best.tiled_cycles))
            best = *g;
    if (best.down == 0 || !(forced || best.tiled_cycles + CALL_CYCLES < 0.9 * best.direct_cycles)) return 0;
    *g = best;
    return 1;
}

/* Cycles for a number of tiles and vectors, with loads, and chains that wait for their latency. */
static int64_t product_cycles(int64_t rows, int64_t vectors)
{
    return cs_most(cs_most(rows * vectors, 8), rows + vectors);
}

/* The cycles of so many tiles, `rows` at a time, and the last ones by what there is for them. */
static int64_t tiles_cycles(const cs_table *k, int64_t tiles, int64_t rows, int64_t vectors)
{
    int64_t cycles = 0;
    for (; tiles > 0; tiles -= rows) {
        while (rows > tiles || !k->products[rows][vectors]) rows--;
        cycles += product_cycles(rows, vectors) + 1;
    }
    return cycles;
}

/* The register tile for `tiles` tiles by that many vectors: its rows, and the cycles that it takes. */
static int64_t choose_rows(const cs_table *k, int64_t tiles, int64_t vectors, int64_t *cost)
{
    int64_t best = 0;
    for (int64_t rows = 1; rows <= cs_least(tiles, MAX_ROWS); rows++) {
        if (!k->products[rows][vectors]) continue;
        const int64_t one = tiles_cycles(k, tiles, rows, vectors);
        if (best == 0 || one <= *cost) best = rows, *cost = one;
    }
    return best;
}

int64_t cs_winograd_rows(const cs_winograd *g, int64_t tiles, int64_t vectors)
{
    int64_t cost = 0;
    return choose_rows(cs_kernels(g->window.dtype), tiles, vectors, &cost);
}

/* Of what a tile takes besides its inputs, the sums and the strip are some vectors a point, and flags one a vector of
 * outputs. */
static int64_t box_tiles(const cs_winograd *g)
{
    const int64_t vector = g->window.lanes * g->window.size, outputs = cs_ceil(g->window.outputs, g->window.lanes);
    const int64_t strip = cs_most(g->points, cs_reach(g, 1, 2) * cs_reach(g, 2, 2) / 4);
    const int64_t staged = g->phases > 1 ? cs_breadth(g, 1) * cs_breadth(g, 2) * cs_most(g->vectors, 1) : 0;
    const int64_t one = (g->points * (g->slabs * g->blocks + 1) + strip + staged) * vector;
    const int64_t all = one + (g->points * (g->vectors + 3) + g->phases * outputs) * vector;
    const int64_t weights = g->points * g->slabs * g->phases * g->window.channels * g->window.outputs * g->window.size;
    return cs_most(1, cs_least((weights > MANY_BYTES ? LARGE_BOX_BYTES : BOX_BYTES) / one, MOST_BYTES / all));
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

/* Whether outputs that follow each other along a row are neighbours in the result, or pixels of all channels are. */
static int neighbours(const cs_window *w)
{
    return w->axis[2].y == 1 || (w->y_plane == 1 && w->axis[2].y == w->groups * w->outputs);
}

int cs_winograd_choose(cs_winograd *g, const cs_window *w, int64_t windows, int forced)
{
    const cs_table *k = cs_kernels(w->dtype);
    if (w->kind != CS_FMA || (w->dtype != CS_F32 && w->dtype != CS_F64) || w->boundary != CS_FILL || w->fill ||
        (windows != 1 && windows != 4) || w->channels == 0 || w->outputs == 0 || cs_winograd_span(w) > STAGED_VECTORS)
        return 0;
    cs_winograd found = {.window = *w, .windows = w, .phases = 1};
    const int64_t side = windows > 1 ? cs_lay_phases(&found, w) : 0;
    if (windows > 1 && !side) return 0;
    if (!neighbours(&found.window) || !choose_tiles(&found, side, forced)) return 0;
    *g = found;
    for (int i = 0; i < 3 && windows == 1; i++) g->all[i] = w->axis[i].out;
    if (windows == 1) cs_ascend(g, 0, g->axis);
    g->blocks = cs_ceil(w->channels, w->lanes);
    choose_panels(g, k);
    g->packed = w->groups * cs_winograd_group(g) * w->size;
    return 1;
}

int64_t cs_winograd_inputs(const cs_winograd *g)
{
    return (g->points * (g->slabs * g->blocks * g->tiles + 1) * g->window.lanes * g->window.size + 63) & -64;
}

int64_t cs_winograd_common(const cs_winograd *g)
{
    const int64_t shares = g->shared ? g->input_tasks / cs_winograd_boxes(g) : 1;
    return (cs_winograd_inputs(g) + g->planes * shares * g->rows * g->columns * g->window.size + 63) & -64;
}

/* Bytes of the parts of the scratch: see winograd_run.c. */
static void measure_scratch(cs_winograd *g)
{
    const cs_window *w = &g->window;
    const int64_t lanes = w->lanes, pixels = g->rows * g->columns, outputs = cs_ceil(w->outputs, lanes);
    const int64_t input = (pixels + (g->high + 1) * g->columns + 4) * lanes * w->size + pixels * (8 + w->size) +
                          g->slab[2] * 8 + g->maps * cs_map_size(g);
    const int64_t sums = g->points * (g->tiles * g->vectors + 1) + cs_winograd_some(g) / lanes;
    const int64_t output = cs_stage_vectors(g) + g->phases * g->tiles * outputs;
    g->scratch = input + (g->shared ? 0 : cs_winograd_common(g)) + (sums + output) * lanes * w->size + g->tiles +
                 cs_again_scratch(g) + w->outputs * g->down * cs_again_columns(w) * w->size + 12 * 64;
    g->common = g->shared ? cs_winograd_common(g) * cs_winograd_boxes(g) + 64 : 0;
}

int64_t cs_winograd_boxes(const cs_winograd *g)
{
    return g->plane_boxes * g->window.groups * g->window.axis[0].out * g->tall_boxes * g->wide_boxes;
}

static int64_t count_boxes(cs_winograd *g)
{
    g->plane_boxes = cs_ceil(g->window.images, g->planes);
    g->tall_boxes = cs_ceil(g->tall, g->height), g->wide_boxes = cs_ceil(g->wide, g->width);
    return cs_winograd_boxes(g);
}

/* Images in a box, at most so many, that no thread has more to do than its share. */
static int64_t even_planes(int64_t images, int64_t most, int threads)
{
    int64_t best = 1, least = cs_ceil(images, threads);
    for (int64_t planes = 2; planes <= cs_least(most, least); planes++)
        if (cs_ceil(cs_ceil(images, planes), threads) * planes <= least) best = planes;
    return best;
}

/* Whether to transform the inputs of a box so many times is more than to transform the weights of a group. */
static int inputs_exceed(const cs_winograd *g, int64_t times)
{
    const int64_t tiles = g->planes * g->height * g->width, outputs = cs_ceil(g->window.outputs, g->window.lanes);
    return times * tiles * g->blocks > g->window.channels * outputs;
}

/* Rows of tiles in a box, at most so many, for which the thread with most boxes has least to do: the rows of its boxes, and
 * those of the inputs that boxes have in common. */
static int64_t even_rows(cs_winograd *g, int64_t most, int threads)
{
    int64_t best = 0, least = 0;
    for (int64_t rows = most; rows > 0; rows--) {
        g->height = cs_ceil(g->tall, cs_ceil(g->tall, rows));
        const int64_t cost = cs_ceil(count_boxes(g), threads) * (2 * g->height + 1);
        if (best == 0 || cost < least) best = g->height, least = cost;
    }
    return best;
}

/* Boxes of whole rows of tiles where they fit; as few as are needed, of equal size, and as many for every thread. */
static int64_t choose_boxes(cs_winograd *g, int threads)
{
    const int64_t most = box_tiles(g);
    g->width = cs_ceil(g->wide, cs_ceil(g->wide, most));
    g->height = cs_most(1, cs_least(g->tall, most / g->width));
    g->planes = 1;
    if (g->width == g->wide && g->height == g->tall)
        g->planes = even_planes(g->window.images, most / (g->tall * g->wide), threads);
    if (count_boxes(g) >= threads || g->panels < threads || inputs_exceed(g, 1)) g->height = even_rows(g, g->height, threads);
    return count_boxes(g);
}

/* Channels whose weights are transformed at once, by every box that needs them: weights that few boxes use never leave the
 * caches then. 0 where they are better transformed before. */
static int64_t some_channels(const cs_winograd *g, int64_t boxes)
{
    return boxes <= FEW_BOXES * g->window.groups ? SOME_CHANNELS : 0;
}

void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once)
{
    g->window.images = images;
    /* Weights that are transformed where they are used are by every box: panels make tasks for more threads than boxes. */
    int64_t boxes = choose_boxes(g, once && g->panels < threads ? (int)cs_ceil(threads, g->panels) : threads);
    g->some = once ? some_channels(g, boxes) : 0;
    if (!g->some) boxes = choose_boxes(g, threads);
    g->tiles = g->planes * g->height * g->width, g->shared = 0;
    g->rows = cs_reach(g, 1, g->height), g->columns = cs_reach(g, 2, g->width);
    /* Of a few boxes each thread takes some outputs: it transforms the inputs for itself, unless they are more than the weights. */
    const int64_t shares = cs_least(g->panels, boxes < threads ? cs_ceil(threads, cs_most(1, boxes)) : 1);
    g->shared = boxes < threads && inputs_exceed(g, shares) && boxes * cs_winograd_common(g) <= threads * SHARED_BYTES;
    g->input_tasks = g->shared ? boxes * cs_least(g->slabs / cs_row_parts(g) / g->slab[2] * g->blocks, cs_ceil(2 * threads, cs_most(1, boxes))) : 0;
    g->output_tasks = boxes * (g->shared ? cs_least(g->panels, cs_ceil(4 * threads, cs_most(1, boxes))) : shares);
    measure_scratch(g);
}
