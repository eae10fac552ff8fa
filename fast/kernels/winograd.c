/* Winograd's convolution: whether to use it, and by which tiles. */
#include "winograd.h"

#include "window.h"

/* What the third-level cache is taken to hold. */
enum { CACHE_BYTES = 24 << 20 };

/* Cycles of a call that its size has no part in. */
enum { CALL_CYCLES = 12000 };

/* Cycles to transform 16 inputs or outputs for a point, also inputs of several parts of the taps or for several phases, and of
 * outputs two apart, and folded ones; what the outputs of phases take beyond those of the direct algorithm, which alternate too;
 * for a weight from the third-level cache, or memory, for each box. */
static const double TRANSFORM = 0.8, PARTED = 1.1, SPREAD = 2, FOLDED = 1.1, ALTERNATING = 0.12, STREAM = 0.7, PARTED_STREAM = 1.1,
                    FROM_MEMORY = 1.4;

/* The same where lanes are tiles, for a channel or an output of one tile, and the most channels, of processors with 32 registers or fewer. */
static const double LANE_INPUT = 1.2, LANE_OUTPUT = 0.25;
enum { LANE_CHANNELS = 16, LANE_CHANNELS_FEW = 6 };

/* To be used tiles take so much less than the direct algorithm; of several parts calls bring more weights to the points. Folded tiles
 * take so much less than others: what gathers whole vectors of channels does it better. */
static const double MARGIN = 0.9, FOLDED_GAIN = 1.4, PARTED_MARGIN = 0.82, PARTED_WEIGHT = 0.1, FOLDED_WEIGHT = 1;

static int parted(const cs_winograd *g)
{
    return g->slab[1] * g->slab[2] > 1;
}

static int one_tap(const cs_axis *a)
{
    return a->taps == 1 && a->step == 1 && a->first == 0 && a->in == a->out;
}

/* Inputs from output to output of tiles of a form. */
static int64_t apart(int64_t form)
{
    return form == 42 ? 2 : 1;
}

/* The error of tiles of seven points along both axes is up to 1100 units roundoff of all products, and the law's bound 32 for each term. */
enum { FEW_TERMS = 48 };

static int has_terms(const cs_window *w, int64_t points)
{
    return points < 49 || w->terms >= FEW_TERMS;
}

/* Whether an axis may have tiles of a form. */
static int may_have(const cs_window *w, int axis, int64_t form)
{
    return cs_may_tile(w, &w->axis[axis]) && w->axis[axis].taps >= form % 10 && w->axis[axis].step == apart(form);
}

/* So many elements, with those that make the last vector of 64 bytes whole. */
static double in_vectors(const cs_window *w, int64_t n)
{
    const int64_t lanes = 64 / w->size;
    return (double)(lanes * cs_ceil(n, lanes));
}

/* Clock cycles for one image and group by a yardstick that is the same for every instruction set: 16 multiply-adds a cycle,
 * transforms by vectors of channels, weights that stream from the third-level cache, or memory, for each box. */
static double direct_cycles(const cs_window *w)
{
    const cs_axis *a = w->axis;
    return (double)(w->terms * w->outputs) * (double)(a[0].out * a[1].out * a[2].out) / 14.5;
}

static double mixed_cycles(const cs_winograd *g)
{
    const cs_window *w = &g->window;
    const double terms = (double)(w->channels * w->outputs), tiles = (double)(g->tall * g->wide), points = (double)cs_slab_points(g);
    const double bytes = points * terms * (double)w->size;
    const double inputs = in_vectors(w, g->folded ? g->channels : w->channels), outputs = in_vectors(w, w->outputs);
    const double boxes = tiles * (double)(g->points * cs_layers(g) * w->size) * inputs / (double)cs_box_bytes((int64_t)bytes);
    const double weight = bytes > CACHE_BYTES ? FROM_MEMORY : parted(g) ? PARTED_STREAM : STREAM;
    const double stream = weight * (boxes > 1 ? boxes : 1), multiply = tiles / 14.5;
    const double input = g->folded ? FOLDED / (double)g->slabs : g->apart > 1 ? SPREAD : parted(g) || g->phases > 1 ? PARTED : TRANSFORM;
    const double output = g->phases > 1 ? (double)g->phases * ALTERNATING : TRANSFORM;
    return (double)w->axis[0].out * (points * (terms * (multiply > stream ? multiply : stream) + tiles * input * inputs / (double)g->phases) +
                                     (double)g->points * tiles * output * outputs);
}

/* Where lanes may be tiles: of one part of the taps. */
static int may_lane(const cs_winograd *g)
{
    return (g->points == 36 || g->points == 49) && g->down == 4 && g->phases == 1 && (g->folded || !parted(g)) && cs_lane_terms(g) <= LANE_CHANNELS;
}

/* So many of them, of which no row of pixels is in two vectors. */
static double lane_cycles(const cs_winograd *g, int64_t lanes)
{
    const double terms = (double)cs_lane_terms(g), outputs = (double)g->window.outputs;
    const int64_t some = cs_most(1, lanes / g->across), tiles = g->tall * cs_ceil(g->wide, some) * some;
    return (double)(g->window.axis[0].out * g->points * tiles) * (terms * outputs / 14 + LANE_OUTPUT * outputs + LANE_INPUT * terms);
}

int cs_lanes_are_tiles(const cs_winograd *g)
{
    const int few = cs_few_registers(&g->window) && cs_lane_terms(g) > LANE_CHANNELS_FEW;
    return may_lane(g) && !few && lane_cycles(g, g->window.lanes) < mixed_cycles(g);
}

static double tiled_cycles(const cs_winograd *g)
{
    const double mixed = mixed_cycles(g), lanes = may_lane(g) ? lane_cycles(g, 16) : mixed;
    return lanes < mixed ? lanes : mixed;
}

/* Tiles of a form down and another across. */
static void lay_tiles(cs_winograd *g, int64_t down, int64_t across)
{
    const cs_axis *a = g->window.axis;
    g->down = down / 10, g->high = g->down + down % 10 - 1, g->across = across / 10, g->broad = g->across + across % 10 - 1;
    g->points = g->high * g->broad;
    g->slab[0] = a[0].taps;
    for (int i = 1; i < 3; i++) g->slab[i] = cs_parts(a[i].taps, cs_part(g, i), g->step);
    g->slabs = g->slab[0] * g->slab[1] * g->slab[2];
    g->channels = g->window.channels * (g->folded ? g->slabs : 1);
    g->maps = g->folded ? 2 : cs_strip_slabs(g) > 1 ? g->apart : 0;
    cs_measure_parts(g);
    g->tall = cs_ceil(a[1].out, g->down), g->wide = cs_ceil(a[2].out, g->across);
    g->tiled_cycles = tiled_cycles(g);
}

/* Where there are such for this window. */
static int try_tiles(cs_winograd *g, int64_t down, int64_t across)
{
    const cs_window *w = &g->window;
    if (down > 11 ? !may_have(w, 1, down) : may_have(w, 1, 43) && may_have(w, 2, 43)) return 0;
    if (across > 11 ? !may_have(w, 2, across) : !one_tap(&w->axis[2])) return 0;
    g->step = g->apart = apart(across), g->folded = 0;
    lay_tiles(g, down, across);
    return has_terms(w, g->points);
}

/* Whether the outputs of an axis are further apart than one, and each remainder of its taps by that has so many at most. */
static int may_fold(const cs_window *w, int axis, int64_t taps)
{
    const cs_axis *a = &w->axis[axis];
    return a->step > 1 && cs_gap(a) == 1 && cs_ceil(a->taps, a->step) == taps;
}

/* Where all inputs between neighbouring outputs may be channels. */
static int try_folded(cs_winograd *g, int64_t taps)
{
    const cs_window *w = &g->window;
    if (!may_fold(w, 1, taps) || !may_fold(w, 2, taps) || w->axis[1].step != w->axis[2].step) return 0;
    if (w->axis[0].taps > 1 || w->channels * w->outputs == 1) return 0;
    g->step = w->axis[1].step, g->apart = 1, g->folded = 1;
    lay_tiles(g, 40 + taps, 40 + taps);
    return has_terms(w, g->points);
}

static int pays(const cs_winograd *g)
{
    const double weights = (double)(cs_slab_points(g) * g->window.channels * g->window.outputs);
    if (!parted(g)) return g->tiled_cycles + CALL_CYCLES < MARGIN * g->direct_cycles;
    return g->tiled_cycles + (g->folded ? FOLDED_WEIGHT : PARTED_WEIGHT) * weights + CALL_CYCLES < PARTED_MARGIN * g->direct_cycles;
}

/* The tiles of least cost; whether they are to be used instead of the direct algorithm. */
static int choose_tiles(cs_winograd *g, int64_t form, int forced)
{
    static const int64_t forms[][2] = {{43, 43}, {23, 43}, {23, 23}, {11, 43}, {43, 11}, {42, 42}, {44, 44}, {11, 44}, {44, 11}, {35, 35}};
    cs_winograd best = {0};
    for (int64_t p = 0; p < g->phases; p++) g->direct_cycles += direct_cycles(&g->windows[p]);
    if (g->phases > 1) lay_tiles(g, form, form), best = *g;
    for (unsigned i = 0; i < sizeof forms / sizeof *forms && g->phases == 1; i++)
        if (try_tiles(g, forms[i][0], forms[i][1]) && (best.down == 0 || g->tiled_cycles < best.tiled_cycles))
            best = *g;
    for (int64_t taps = 2; taps <= 4 && g->phases == 1; taps++)
        if (try_folded(g, taps) && (best.down == 0 || FOLDED_GAIN * g->tiled_cycles < best.tiled_cycles)) best = *g;
    if (best.down == 0 || !(forced || pays(&best))) return 0;
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

static void choose_panels(cs_winograd *g, const cs_table *k)
{
    const int64_t all = cs_ceil(g->window.outputs, k->lanes), tiles = cs_least(g->tall * g->wide, cs_box_tiles(g));
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
    if (!forced && w->channels * w->outputs == 1) return 0; /* it never pays, and these may go by vectors of groups */
    cs_winograd found = {.window = *w, .windows = w, .phases = 1};
    const int64_t form = windows > 1 ? cs_lay_phases(&found, w) : 0;
    if (windows > 1 && !form) return 0;
    if (!neighbours(&found.window) || !choose_tiles(&found, form, forced)) return 0;
    *g = found;
    for (int i = 0; i < 3 && windows == 1; i++) g->all[i] = w->axis[i].out;
    if (windows == 1) cs_ascend(g, 0, g->axis);
    g->blocks = cs_ceil(g->channels, w->lanes);
    choose_panels(g, k);
    g->packed = w->groups * cs_winograd_group(g) * w->size;
    return 1;
}
