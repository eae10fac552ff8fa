/* How the outputs of a window are split into tasks, and what a task needs. */
#include "window.h"

enum { STRIP_BYTES = 384 << 10, TOGETHER_BYTES = 512 << 10, LARGEST = 3 << 19, PANEL_PIXELS = 128 };
enum { TASK_CYCLES = 20000, SLICE_BYTES = 1024 };

/* Cycles for an element of a strip, where only some are taken, and times more where threads share it; bytes of weights a
 * cycle; cycles for a cache line of outputs that two threads write; the share of the time of equally busy threads that is
 * not worth a search. */
static const double FILL = 0.4, FILL_BY_STEPS = 1.5, SHARED = 1.5, STREAM = 16, LINE = 600, BALANCED = 1.04;

int64_t cs_strip_size(const cs_window *w, int64_t height, int64_t width)
{
    const cs_layout d = cs_lay_out(&w->axis[0], 1), h = cs_lay_out(&w->axis[1], height),
                    v = cs_lay_out_columns(w, width);
    const int64_t channels = w->mixed ? w->mixed : w->bundle * w->channels;
    return channels * d.slots * d.length * h.slots * h.length * v.slots * v.length + w->lanes;
}

static int64_t tasks(cs_window *w)
{
    const int64_t planes = cs_plane_count(w);
    w->plane_tasks = cs_ceil(planes, w->planes);
    w->height_tasks = cs_ceil(w->axis[1].out, w->height);
    w->width_tasks = cs_ceil(w->axis[2].out, w->width);
    return w->tasks = w->plane_tasks * w->height_tasks * w->width_tasks * w->shares;
}

int64_t cs_panel_columns(const cs_window *w)
{
    return cs_ceil(w->width, cs_ceil(w->width, PANEL_PIXELS));
}

int64_t cs_panel_rows(const cs_window *w)
{
    const int64_t rows = cs_most(1, PANEL_PIXELS / w->width), runs = cs_ceil(w->width, w->rows / 2);
    return rows + (rows * runs) % 2;
}

int64_t cs_tile_size(const cs_window *w)
{
    return w->vectors * w->lanes * (w->by_pixels ? w->rows : cs_least(w->height, cs_panel_rows(w)) * cs_panel_columns(w));
}

int64_t cs_list_size(const cs_window *w)
{
    return w->height * cs_ceil(w->width, w->by_pixels ? cs_least(w->lanes, w->width) : w->rows / 2) + MAX_VECTORS;
}

/* Elements of the sums that wait between slices: over pixels those of some tiles and blocks, over outputs those of a panel. */
static int64_t sums_size(const cs_window *w)
{
    int64_t tiles;
    if (w->slices <= 1) return 0;
    if (w->by_pixels) {
        tiles = cs_least(w->blocks, SLICE_BLOCKS) * cs_least(cs_ceil(cs_list_size(w), w->vectors), SLICE_TILES);
    } else {
        tiles = cs_ceil(cs_least(w->height, cs_panel_rows(w)) * cs_ceil(cs_panel_columns(w), w->rows / 2), 2);
    }
    return tiles * w->rows * w->vectors * w->lanes;
}

/* Slices of channels with few enough terms for the inputs of a tile, or the weights of a panel, to stay in the first-level cache. */
static int64_t slices_of(const cs_window *w)
{
    const int64_t terms = SLICE_BYTES / w->size;
    return cs_few_registers(w) && !w->by_groups ? cs_most(1, cs_least(w->channels, (w->terms + terms / 2) / terms)) : 1;
}

int64_t cs_scratch_bytes(const cs_window *w)
{
    const cs_layout d = cs_lay_out(&w->axis[0], 1), h = cs_lay_out(&w->axis[1], w->height);
    const int64_t numbers = (1 + w->in_place) * w->terms + d.slots * d.length * h.slots * h.length + 6 * cs_list_size(w) + w->width;
    const int64_t elements = cs_strip_size(w, w->height, w->width) + cs_tile_size(w) + sums_size(w);
    return (w->fresh ? cs_block_bytes(w) : 0) + numbers * 8 + elements * w->size + 320;
}

/* The cycles of the thread that works longest: its tasks, each with the filling of a strip and the reading of weights. */
static double longest(cs_window *w, int threads)
{
    const double each = (double)cs_ceil(tasks(w), threads) * (double)w->planes,
                 rows = (double)cs_ceil(w->axis[1].out, w->height_tasks) / (double)w->axis[1].out,
                 columns = (double)cs_ceil(w->axis[2].out, w->width_tasks) / (double)w->axis[2].out,
                 blocks = (double)cs_ceil(w->blocks, w->shares) / (double)w->blocks;
    const double fill = w->in_place && !cs_turned(w) ? 0 : cs_lay_out_columns(w, w->width).step == 1 ? FILL : FILL_BY_STEPS;
    const double seen = w->shares > 1 ? SHARED : 1; /* threads that read the same inputs wait for each other */
    const int parted = w->shares == 1 && cs_ceil(cs_plane_count(w), w->planes) < threads && w->axis[1].out > 1;
    const double strip = (double)cs_strip_size(w, w->height, w->width) * fill * seen,
                 weights = (double)w->outputs * (double)w->terms * (double)w->size / STREAM;
    return each * (w->cost / (double)w->axis[0].out * rows * columns * blocks + strip + weights * blocks) +
           (parted ? LINE * (double)w->outputs : 0);
}

/* Other numbers of rows and of shares of the outputs, where with those of now a thread waits for another. */
static void balance(cs_window *w, int threads, int64_t tallest)
{
    const int64_t H = w->axis[1].out, most = cs_least(H, 4 * threads);
    const cs_window now = *w;
    const double ideal = w->cost * (double)(w->images * w->groups) / threads;
    double best = longest(w, threads);
    if (best < BALANCED * ideal) return;
    cs_window found = now;
    for (int64_t n = cs_ceil(H, tallest); n <= most; n++) {
        for (int64_t shares = 1; shares <= cs_least(w->blocks, 2 * threads); shares++) {
            *w = now, w->height = cs_ceil(H, n), w->shares = shares;
            const double cycles = longest(w, threads);
            if (cycles < 0.98 * best) best = cycles, found = *w;
        }
    }
    *w = found;
}

/* The bundles of groups of a task: all, where their outputs share cache lines. */
static int64_t bundles_together(const cs_window *w)
{
    return w->y_plane == 1 && w->axis[2].y > 1 && w->axis[0].out == 1 ? cs_ceil(w->groups, w->bundle) : 1;
}

/* Strips that fit into the second-level cache, and enough tasks for every thread. */
static void split_plane(cs_window *w, int threads)
{
    const int64_t least = 8 * w->lanes, budget = STRIP_BYTES / w->size;
    w->height = w->axis[1].out, w->width = w->axis[2].out, w->planes = 1, w->shares = 1, w->bundle = cs_bundle(w);
    w->mixed = cs_mixed(w), w->slices = slices_of(w);
    while (w->width > least && cs_strip_size(w, 1, w->width) > budget)
        w->width = cs_ceil(cs_ceil(w->width, 2), w->lanes) * w->lanes;
    while (w->width > 1 && cs_strip_size(w, 1, w->width) > LARGEST / w->size) w->width = cs_ceil(w->width, 2);
    w->width = cs_ceil(w->axis[2].out, cs_ceil(w->axis[2].out, w->width));
    cs_fit_rows(w, w->axis[2].out / cs_ceil(w->axis[2].out, w->width));
    while (w->height > 1 && cs_strip_size(w, w->height, w->width) > budget) w->height = cs_ceil(w->height, 2);
    const int64_t together = bundles_together(w), row = w->width * w->groups * (w->channels + w->outputs) * w->size;
    w->planes = together;
    while (together > 1 && w->height > 1 && w->height * row > TOGETHER_BYTES) w->height = cs_ceil(w->height, 2);
    const int64_t tallest = w->height;
    const double cycles = w->cost * (double)(w->images * w->groups);
    while (threads > 1 && w->height >= 4 && tasks(w) < 4 * threads && cycles / (double)tasks(w) > TASK_CYCLES)
        w->height = cs_ceil(w->height, 2);
    w->height = cs_ceil(w->axis[1].out, cs_ceil(w->axis[1].out, w->height));
    if (threads > 1 && w->kind == CS_FMA && tasks(w) < 2 * threads && cycles / (double)tasks(w) > 2 * TASK_CYCLES)
        w->shares = cs_least(w->blocks, cs_ceil(2 * threads, tasks(w)));
    const int64_t most = cs_most(1, cs_plane_count(w) / (4 * threads));
    if (together == 1 && tasks(w) && cycles / (double)tasks(w) < TASK_CYCLES)
        w->planes = cs_most(1, cs_least(most, (int64_t)(TASK_CYCLES * (double)tasks(w) / (cycles + 1))));
    if (threads > 1 && w->kind == CS_FMA && cycles > 4 * TASK_CYCLES) balance(w, threads, tallest);
}

void cs_split(cs_window *w, int64_t images, int threads)
{
    w->images = images;
    if (w->kind == CS_LOCAL) {
        cs_local_split(w, threads);
    } else if (images * w->groups * w->outputs == 0 || w->half == 2) {
        w->tasks = w->scratch = 0;
    } else if (w->depthwise) {
        cs_depthwise_split(w, threads);
    } else if (w->kind != CS_FMA) {
        cs_pool_split(w, threads);
    } else {
        split_plane(w, threads);
        w->fresh = tasks(w) == w->shares && w->once && w->groups == 1 && !w->by_pixels && !w->by_groups &&
                   cs_block_bytes(w) <= LARGEST;
        w->scratch = cs_channels_last(w) ? cs_channels_last_bytes(w) : cs_scratch_bytes(w);
    }
    w->cycles = w->cost * (double)images * (double)w->groups;
}
