/* The gradient of unshared kernels by the input of few images: vectors are over neighbouring positions of a row of outputs, whose
 * weights are read once, row by row, and turned. Positions descend, so that an input's terms come by ascending tap. */
#include <string.h>

#include "local_gradient.h"

enum { SUM_BYTES = 512 << 10, SHARE_BYTES = 1 << 10, NEAR_BYTES = 8 << 10, LINE = 64, POSITIONS = 64 };

/* A row of sums has a run for each remainder of an input's place by the step, so that those of neighbouring positions are
 * neighbours; a vector goes beyond its end. */
static int64_t phases(const cs_axis *v)
{
    return cs_least(v->step, (v->taps - 1) * v->gap + 1);
}

static int64_t seen(const cs_axis *v)
{
    return v->out + (v->taps - 1) * v->gap / v->step;
}

static int64_t row_size(const cs_local_gradient *g)
{
    const cs_axis *v = &g->window.axis[2];
    return phases(v) * (seen(v) + g->window.lanes);
}

/* An odd number of cache lines, lest all channels share those of a set. */
static int64_t plane_bytes(const cs_local_gradient *g)
{
    return (cs_ceil(cs_ceil(g->window.axis[1].in, g->bands) * row_size(g) * g->window.size, LINE) | 1) * LINE;
}

static int64_t sum_bytes(const cs_local_gradient *g)
{
    return g->window.images * cs_ceil(g->window.channels, g->shares) * plane_bytes(g);
}

/* Channels whose weights of a vector of positions stay in the first-level cache with the sums they are added to. */
static int64_t near_channels(const cs_local_gradient *g)
{
    const int64_t channel = cs_taps(g) * g->window.lanes * g->window.size;
    return cs_least(g->window.channels, cs_most(1, NEAR_BYTES / channel));
}

static int64_t turned_bytes(const cs_local_gradient *g)
{
    const int64_t lanes = g->window.lanes, terms = near_channels(g) * cs_taps(g);
    return cs_ceil(terms, lanes) * lanes * lanes * g->window.size;
}

static int64_t share_bytes(const cs_local_gradient *g, int64_t shares)
{
    return cs_ceil(g->window.channels, shares) * cs_taps(g) * g->window.size;
}

/* A vector of outputs at a tap of the depth. */
typedef struct {
    int64_t tap, o[3], count;
} positions;

static int64_t most_blocks(const cs_local_gradient *g)
{
    const cs_axis *a = g->window.axis;
    return a[0].taps * a[1].out * cs_ceil(a[2].out, g->window.lanes);
}

/* Whether a vector has more positions than images: turning weights takes time too. */
static int suits(const cs_local_gradient *g)
{
    const int64_t out = g->window.axis[2].out;
    return 3 * g->window.images <= out / cs_ceil(out, g->window.lanes);
}

int cs_local_few_split(cs_local_gradient *g, int threads)
{
    const cs_window *w = &g->window;
    const int64_t rows = w->axis[1].in, others = w->groups * w->axis[0].in;
    if (!suits(g)) return 0;
    g->shares = g->bands = 1;
    while (others * g->shares < threads && g->shares < w->channels && share_bytes(g, g->shares + 1) >= SHARE_BYTES) g->shares++;
    while (g->bands < rows && (others * g->shares * g->bands < threads || sum_bytes(g) > SUM_BYTES)) g->bands++;
    while (g->shares < w->channels && sum_bytes(g) > SUM_BYTES) g->shares++;
    g->tasks = others * g->shares * g->bands;
    if (rows == 1 && g->tasks < threads) return 0;
    const int64_t vector = w->lanes * w->size;
    const int64_t lists = w->axis[2].taps * (int64_t)sizeof(int64_t) + most_blocks(g) * (int64_t)sizeof(positions);
    g->few = 1, g->scratch = sum_bytes(g) + turned_bytes(g) + share_bytes(g, g->shares) + (w->lanes + 1) * vector + lists + 7 * LINE;
    return 1;
}

/* A task: rows [low, high) of the inputs at a depth, of some channels of a group. */
typedef struct {
    const cs_local_gradient *g;
    const cs_table *k;
    int64_t group, depth, low, high, channel, channels, taps, plane;
    const char *weights, *dy;
    char *sums, *turned, *zeros, *factors, *spare;
    int64_t *columns; /* of the taps of a row, among the sums of output 0 */
    positions *blocks;
    int64_t count;
} few_task;

static void list_blocks(few_task *t)
{
    const cs_axis *a = t->g->window.axis;
    const int64_t lanes = t->g->window.lanes;
    for (int64_t tap = 0; tap < a[0].taps; tap++) {
        const int64_t o0 = cs_seen_by(&a[0], t->depth, tap);
        for (int64_t o1 = a[1].out - 1; o1 >= 0 && o0 >= 0; o1--)
            for (int64_t n = cs_ceil(a[2].out, lanes) - 1; n >= 0 && cs_sees(&a[1], o1, t->low, t->high); n--)
                t->blocks[t->count++] = (positions){tap, {o0, o1, n * lanes}, cs_least(lanes, a[2].out - n * lanes)};
    }
    for (int64_t tap = 0; tap < a[2].taps; tap++) {
        const int64_t at = tap * a[2].gap;
        t->columns[tap] = at % a[2].step * (seen(&a[2]) + lanes) + at / a[2].step;
    }
}

/* Where the positions of a block have their weights; those that do not exist have zeros. */
static void list_rows(const few_task *t, int64_t output, const positions *b, const void **rows)
{
    const cs_local_gradient *g = t->g;
    const cs_axis *a = g->window.axis;
    for (int64_t l = 0; l < g->window.lanes; l++) {
        const int64_t row = output * g->kernels + cs_kernel_at(a, b->o[0], b->o[1], b->o[2] + l);
        rows[l] = l < b->count ? t->weights + (row * g->terms + t->channel * t->taps) * g->window.size : t->zeros;
    }
}

/* Adds the terms of a block of an output to the sums of some channels of an image. */
static void add_block(const few_task *t, int64_t output, const positions *b, int64_t image, int64_t from, int64_t to)
{
    const cs_window *w = &t->g->window;
    const cs_axis *a = w->axis;
    const int64_t all = w->groups * w->outputs, row = row_size(t->g);
    const int64_t place = (b->o[0] * a[1].out + b->o[1]) * a[2].out + b->o[2];
    memcpy(t->factors, t->dy + ((image * all + output) * cs_positions(w) + place) * w->size, (size_t)(b->count * w->size));
    memset(t->factors + b->count * w->size, 0, (size_t)((w->lanes - b->count) * w->size));
    for (int64_t tap = 0; tap < a[1].taps; tap++) {
        const int64_t i = cs_seen_at(&a[1], b->o[1], tap), at = (i - t->low) * row + b->o[2];
        if (i < t->low || i >= t->high) continue;
        t->k->add_turned(t->sums + (image * t->channels + from) * t->plane + at * w->size, t->plane / w->size, t->columns, a[2].taps,
                         t->turned + (b->tap * a[1].taps + tap) * a[2].taps * w->lanes * w->size, t->taps, t->factors, to - from);
    }
}

/* A row of sums, which may have inputs that nothing sees between its runs. */
static void store_row(const few_task *t, const char *from, char *to)
{
    const cs_window *w = &t->g->window;
    const cs_axis *v = &w->axis[2];
    memset(to, 0, (size_t)(v->in * w->size));
    for (int64_t phase = 0; phase < phases(v); phase++, from += (seen(v) + w->lanes) * w->size) {
        const int64_t first = v->first + phase, skip = first < 0 ? cs_ceil(-first, v->step) : 0, at = first + skip * v->step;
        const int64_t some = at < v->in ? cs_least(seen(v), cs_ceil(v->in - first, v->step)) - skip : 0;
        if (some <= 0) continue;
        if (v->step == 1) {
            memcpy(to + at * w->size, from + skip * w->size, (size_t)(some * w->size));
        } else {
            t->k->spread(to + at * w->size, v->step, from + skip * w->size, some);
        }
    }
}

static void store(const few_task *t, char *dx)
{
    const cs_window *w = &t->g->window;
    const cs_axis *a = w->axis;
    for (int64_t image = 0; image < w->images; image++)
        for (int64_t c = 0; c < t->channels; c++)
            for (int64_t i = t->low; i < t->high; i++) {
                const int64_t channel = (image * w->groups + t->group) * w->channels + t->channel + c;
                store_row(t, t->sums + (image * t->channels + c) * t->plane + (i - t->low) * row_size(t->g) * w->size,
                          dx + ((channel * a[0].in + t->depth) * a[1].in + i) * a[2].in * w->size);
            }
}

static void lay_out(few_task *t, void *scratch)
{
    const cs_window *w = &t->g->window;
    const int64_t share = share_bytes(t->g, t->g->shares), vector = w->lanes * w->size;
    t->sums = cs_aligned(scratch), t->turned = cs_aligned(t->sums + w->images * t->channels * t->plane);
    t->zeros = cs_aligned(t->turned + turned_bytes(t->g)), t->factors = cs_aligned(t->zeros + share);
    t->spare = cs_aligned(t->factors + vector), t->columns = (int64_t *)cs_aligned(t->spare + w->lanes * vector);
    t->blocks = (positions *)cs_aligned(t->columns + w->axis[2].taps);
    memset(t->sums, 0, (size_t)(w->images * t->channels * t->plane));
    memset(t->zeros, 0, (size_t)share);
}

void cs_local_few_run(const cs_local_gradient *g, int64_t task, const void *weights, const void *dy, void *dx, void *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t share = task % g->shares, band = task / g->shares % g->bands, rest = task / g->shares / g->bands;
    few_task t = {.g = g, .k = cs_kernels(w->dtype), .group = rest / a[0].in, .depth = rest % a[0].in, .weights = weights, .dy = dy};
    t.low = a[1].in * band / g->bands, t.high = a[1].in * (band + 1) / g->bands;
    t.channel = w->channels * share / g->shares, t.channels = w->channels * (share + 1) / g->shares - t.channel;
    t.taps = cs_taps(g), t.plane = plane_bytes(g);
    lay_out(&t, scratch);
    list_blocks(&t);
    const int64_t steps = t.count * w->outputs, some = near_channels(g), first = t.group * w->outputs;
    const void *rows[2 * POSITIONS]; /* those of the next block are fetched */
    if (steps) list_rows(&t, first, t.blocks, rows + w->lanes);
    for (int64_t i = 0; i < steps; i++) {
        const int64_t output = first + i / t.count, next = i + 1 < steps ? i + 1 : i;
        memcpy(rows, rows + w->lanes, (size_t)w->lanes * sizeof *rows);
        list_rows(&t, first + next / t.count, t.blocks + next % t.count, rows + w->lanes);
        for (int64_t c = 0; c < t.channels; c += some) {
            const int64_t end = cs_least(t.channels, c + some);
            t.k->turn_rows(rows, c * t.taps, (end - c) * t.taps, t.turned, t.spare);
            for (int64_t image = 0; image < w->images; image++) add_block(&t, output, t.blocks + i % t.count, image, c, end);
        }
    }
    store(&t, dx);
}
