/* The gradient by the weights through Winograd's tiles: whether to use it, its boxes and tasks. */
#include "winograd_gradient_task.h"

enum { BOX_BYTES = 1280 << 10, SUMS_BYTES = 448 << 10, IMAGES_BYTES = 1 << 20, LINE = 64 };
enum { PANEL = 32, LANES = 16, MANY = 4, FEW_KERNELS = 512, FEW_OUTPUTS = 8, MOST_TAPS = 5, FEW_POSITIONS = 48 };

/* The most taps with the same remainder by the stride. */
static int64_t most_taps(const cs_axis *a)
{
    return cs_most(cs_ceil(a[1].taps, a[1].step), cs_ceil(a[2].taps, a[2].step));
}

/* The error of seven points along both axes is up to 1100 units roundoff of all products, and the law's bound 32 for each position. */
static int has_positions(const cs_axis *a)
{
    return a[1].out * a[2].out >= FEW_POSITIONS;
}

/* Whether there are enough taps along both axes, and not too many: three, or of those with the same remainder by the stride two. */
static int has_taps(const cs_axis *a)
{
    if (a[1].step * a[2].step == 1) return cs_least(a[1].taps, a[2].taps) >= 3;
    return a[1].taps > a[1].step && a[2].taps > a[2].step && most_taps(a) <= (has_positions(a) ? MOST_TAPS : 3);
}

static int suits(const cs_window *w)
{
    const cs_axis *a = w->axis;
    if (w->dtype != CS_F32 && w->dtype != CS_F64) return 0;
    if (a[0].taps != 1 || a[0].out != 1 || w->channels == 0 || w->outputs == 0) return 0;
    if (w->groups > 1 && w->outputs <= FEW_OUTPUTS) return 0; /* whose vectors may be over groups */
    if (!has_taps(a) || a[1].gap != 1 || a[2].gap != 1 || a[1].out * a[2].out == 0) return 0;
    return a[0].first >= 0 && a[0].first < a[0].in;
}

/* As many tiles as leave their inputs, and the gradients of a panel, in the second-level cache. It says in which order tiles are
 * added, so it asks neither for threads nor for lanes. */
static void choose_box(cs_tile_gradient *g)
{
    const cs_window *w = &g->direct.window;
    const int64_t most = cs_most(1, BOX_BYTES / (g->points * (g->slabs * w->channels + PANEL) * w->size));
    g->width = cs_ceil(g->wide, cs_ceil(g->wide, most));
    g->height = cs_most(1, cs_least(g->tall, most / g->width));
    g->boxes_across = cs_ceil(g->wide, g->width);
    g->boxes = cs_ceil(g->tall, g->height) * g->boxes_across;
}

/* Cycles of both algorithms for one image, fitted to 1700 random shapes on one thread; lanes that are not used count. */
static double direct_cycles(const cs_window *w)
{
    const double outputs = (double)cs_ceil(w->outputs, LANES) * LANES, positions = (double)(w->axis[1].out * w->axis[2].out);
    const double terms = (double)(w->axis[1].taps * w->axis[2].taps * w->channels);
    return (1.32 * terms * outputs / 32 + 0.4 * outputs + 2.3 * (double)w->channels) * positions;
}

static double tiled_cycles(const cs_tile_gradient *g)
{
    const cs_window *w = &g->direct.window;
    const int64_t parts = g->folded ? 1 : g->slabs, each = g->slabs / parts * w->channels; /* channels that share vectors */
    const double outputs = (double)cs_ceil(w->outputs, LANES) * LANES, kernels = (double)(g->slabs * w->channels) * outputs;
    const double tiles = (double)(g->tall * g->wide), inputs = (double)(parts * cs_ceil(each, LANES) * LANES);
    const double product = 1.42 * kernels * tiles / 32 + (28.0 * (double)g->boxes - 13) / 36 * kernels;
    return (double)g->points * (product + (45 * inputs + 28 * outputs) / 36 * tiles);
}

/* Few channels leave most lanes unused, and few kernels most threads without a task. */
static int pays(const cs_tile_gradient *g)
{
    const cs_window *w = &g->direct.window;
    const int64_t channels = w->channels * (g->folded ? g->slabs : 1);
    if (channels < LANES / 2 || channels * cs_ceil(w->outputs, LANES) * LANES < FEW_KERNELS) return 0;
    return tiled_cycles(g) < direct_cycles(w);
}

int64_t cs_tile_sums(const cs_tile_gradient *g, int64_t panels)
{
    const cs_window *w = &g->direct.window;
    return panels * g->direct.vectors * w->lanes * g->slabs * w->channels * g->taps * w->size;
}

/* Parts of so many taps along an axis. */
static void lay_tiles(cs_tile_gradient *g, int64_t tap)
{
    const cs_window *w = &g->direct.window;
    const cs_axis *a = w->axis;
    g->tap = tap, g->taps = tap * tap, g->side = tap == 5 ? 3 : 4, g->seen = g->side + tap - 1, g->points = g->seen * g->seen;
    g->folded = a[1].step * a[2].step > 1;
    for (int i = 1; i < 3; i++) g->slab[i] = g->folded ? a[i].step : cs_ceil(a[i].taps, tap);
    g->slabs = g->slab[1] * g->slab[2];
    g->blocks = g->folded ? cs_ceil(g->slabs * w->channels, w->lanes) : g->slabs * cs_ceil(w->channels, w->lanes);
    g->sums = cs_ceil(cs_tile_sums(g, g->direct.parts * g->direct.panels), LINE) * LINE;
    g->tall = cs_ceil(a[1].out, g->side), g->wide = cs_ceil(a[2].out, g->side);
    choose_box(g);
}

/* The parts of least cost: of strides they have as many taps as there are. */
static void choose_parts(cs_tile_gradient *g)
{
    const cs_axis *a = g->direct.window.axis;
    if (a[1].step * a[2].step > 1) {
        lay_tiles(g, most_taps(a));
        return;
    }
    int64_t best = 3, most = has_positions(a) ? cs_least(MOST_TAPS, cs_least(a[1].taps, a[2].taps)) : 3;
    lay_tiles(g, best);
    double least = tiled_cycles(g);
    for (int64_t tap = 4; tap <= most; tap++) {
        lay_tiles(g, tap);
        if (tiled_cycles(g) < least) best = tap, least = tiled_cycles(g);
    }
    lay_tiles(g, best);
}

int cs_tile_gradient_choose(cs_tile_gradient *g, const cs_window *w, int forced)
{
    if (!suits(w)) return 0;
    *g = (cs_tile_gradient){.common = 0};
    cs_gradient_choose(&g->direct, w, 0);
    choose_parts(g);
    return forced || pays(g);
}

cs_block cs_find_block(const cs_tile_gradient *g, int64_t block)
{
    const int64_t C = g->direct.window.channels, lanes = g->direct.window.lanes;
    if (g->folded) return (cs_block){block * lanes, cs_least(lanes, g->slabs * C - block * lanes)};
    const int64_t before = block / g->slabs * lanes, count = cs_least(lanes, C - before);
    return (cs_block){before * g->slabs + block % g->slabs * count, count};
}

cs_part_channel cs_find_channel(const cs_tile_gradient *g, int64_t i)
{
    if (g->folded) return (cs_part_channel){i / g->slabs, i % g->slabs};
    const int64_t lanes = g->direct.window.lanes, before = i / (lanes * g->slabs) * lanes, rest = i - before * g->slabs;
    const int64_t count = cs_least(lanes, g->direct.window.channels - before);
    return (cs_part_channel){before + rest % count, rest / count};
}

/* The last part of an axis begins early, so that no tap of it is beyond the others. */
cs_part_taps cs_find_part(const cs_tile_gradient *g, int64_t slab, int axis)
{
    const int64_t i = axis == 1 ? slab / g->slab[2] : slab % g->slab[2];
    if (g->folded) return (cs_part_taps){i, 0};
    const int64_t first = cs_least(i * g->tap, g->direct.window.axis[axis].taps - g->tap);
    return (cs_part_taps){first, i * g->tap - first};
}

int64_t cs_tile_rows(const cs_tile_gradient *g)
{
    return g->height * g->side + g->seen - g->side;
}

int64_t cs_tile_columns(const cs_tile_gradient *g)
{
    return g->width * g->side + g->seen - g->side;
}

/* Vectors of channels of a task. */
int64_t cs_tile_blocks(const cs_tile_gradient *g)
{
    return cs_ceil(g->blocks, g->channel_shares);
}

void cs_tile_gradient_split(cs_tile_gradient *g, int64_t images, int threads)
{
    cs_gradient *d = &g->direct;
    const cs_window *w = &d->window;
    const int64_t blocks = g->blocks, tiles = g->height * g->width, vector = w->lanes * w->size;
    const int64_t shares = cs_ceil(threads, d->parts);
    d->window.images = images;
    g->output_shares = g->channel_shares = g->image_shares = 1;
    if (images >= shares && images * g->sums <= IMAGES_BYTES * threads) {
        g->image_shares = shares;
    } else {
        if (blocks % shares && blocks < MANY * shares) g->output_shares = cs_least(d->panels, shares);
        g->channel_shares = cs_least(blocks, cs_ceil(shares, g->output_shares));
        g->output_shares = cs_least(d->panels, cs_ceil(shares, g->channel_shares));
    }
    g->tasks = d->parts * g->output_shares * g->channel_shares * g->image_shares;
    g->joins = g->image_shares > 1 ? d->parts * d->panels * blocks : 0;
    g->some = cs_most(1, SUMS_BYTES / (g->points * d->vectors * vector));
    g->common = g->sums * (g->joins ? images : g->boxes > 1 ? 2 : 1) + LINE;
    const int64_t pixels = cs_tile_rows(g) * cs_tile_columns(g), factors = cs_tile_blocks(g) * tiles + 1 + tiles * d->vectors + 1;
    g->scratch = (pixels + tiles + cs_tile_blocks(g) * w->lanes + cs_tile_rows(g)) * (int64_t)sizeof(int64_t) + pixels * w->size + LINE;
    g->scratch += ((2 + g->folded) * pixels + g->seen * cs_tile_columns(g) + cs_seen_vectors(g) * cs_tile_blocks(g) + 1) * vector;
    g->scratch += g->points * (factors + g->some * d->vectors + 1) * vector + 12 * LINE;
}
