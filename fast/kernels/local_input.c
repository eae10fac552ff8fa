/* The gradient of unshared and sparsely shared kernels by the input: the weights that see an input are taken to it, for a few
 * outputs after the other, in the order of the chain. Vectors are over images, or lanes of one that do not exist. */
#include <string.h>

#include "local_gradient.h"

enum { BAND_BYTES = 768 << 10, COLUMN_BYTES = 384 << 10, SHARE_CHANNELS = 64, MOST_VECTORS = 2, MOST_OUTPUTS = 4, LINE = 64 };

/* Outputs of an axis with a tap that sees some of [low, high). */
static void list_seeing(const cs_axis *a, int64_t low, int64_t high, int64_t *from, int64_t *to)
{
    *from = a->out, *to = 0;
    for (int64_t o = 0; o < a->out; o++)
        if (cs_sees(a, o, low, high)) *from = cs_least(*from, o), *to = o + 1;
    if (*from > *to) *from = *to;
}

static int64_t vector_bytes(const cs_local_gradient *g)
{
    return g->block * g->window.size;
}

static int64_t task_channels(const cs_local_gradient *g)
{
    return cs_ceil(g->window.channels, g->shares);
}

static int64_t band_bytes(const cs_local_gradient *g)
{
    return cs_ceil(g->window.axis[1].in, g->bands) * g->window.axis[2].in * task_channels(g) * vector_bytes(g);
}

/* The gradients of one output that a band sees, at most. */
static int64_t columns_bytes(const cs_local_gradient *g)
{
    const cs_axis *a = g->window.axis;
    int64_t rows = 0, depths = 0, from, to;
    for (int64_t band = 0; band < g->bands; band++) {
        list_seeing(&a[1], a[1].in * band / g->bands, a[1].in * (band + 1) / g->bands, &from, &to);
        rows = cs_most(rows, to - from);
    }
    for (int64_t depth = 0; depth < a[0].in; depth++) {
        list_seeing(&a[0], depth, depth + 1, &from, &to);
        depths = cs_most(depths, to - from);
    }
    return depths * rows * a[2].out * vector_bytes(g);
}

void cs_local_input_split(cs_local_gradient *g, const cs_window *w, int64_t images, int threads)
{
    *g = cs_local_describe(w, images);
    cs_axis *a = g->window.axis;
    if (g->terms == 0 || w->outputs == 0 || images == 0 || cs_local_few_split(g, threads)) return;
    if (a[1].in == 1 && a[1].out == 1 && a[1].tile == 1) { /* a line, which is a column to be cut into bands */
        const cs_axis line = a[2];
        a[2] = a[1], a[1] = line;
    }
    const int64_t lanes = g->window.lanes;
    g->vectors = cs_least(MOST_VECTORS, cs_ceil(images, lanes));
    g->block = g->vectors * lanes, g->blocks = cs_ceil(images, g->block);
    g->shares = cs_ceil(w->channels, SHARE_CHANNELS), g->bands = 1;
    const int64_t tasks = g->blocks * w->groups * a[0].in * g->shares, enough = threads > 1 ? 2 * threads : 1;
    while (g->bands < a[1].in && (band_bytes(g) > BAND_BYTES || tasks * g->bands < enough)) g->bands++;
    while (g->shares < w->channels && band_bytes(g) > BAND_BYTES) g->shares++;
    g->some = cs_most(1, cs_least(cs_least(w->outputs, MOST_OUTPUTS), COLUMN_BYTES / cs_most(1, columns_bytes(g))));
    g->tasks = g->blocks * w->groups * a[0].in * g->shares * g->bands;
    const int64_t lists = (2 * (a[1].taps + a[2].taps) + 2 * g->some * cs_taps(g)) * (int64_t)sizeof(int64_t);
    g->scratch = band_bytes(g) + g->some * (columns_bytes(g) + cs_taps(g) * vector_bytes(g)) + lists + 5 * LINE;
}

/* The outputs of an axis that see an input, by ascending tap. */
typedef struct {
    int64_t count, *tap, *output;
} seeing;

/* A task: rows [low, high) of the inputs at a depth, and the outputs that see them. */
typedef struct {
    const cs_local_gradient *g;
    const cs_table *k;
    int64_t depth, low, high, channel, channels, group, image;
    int64_t depths[2], rows[2];
    const char *weights, *dy;
    char *sums, *columns, *vectors; /* vectors: what the terms of an input multiply */
    int64_t *places, *at;           /* of those terms among the weights, and of their vectors among the columns */
    seeing row, column;
} input_task;

static void list_outputs(const cs_axis *a, int64_t input, seeing *s)
{
    s->count = 0;
    for (int64_t t = 0; t < a->taps; t++) {
        const int64_t o = cs_seen_by(a, input, t);
        if (o < 0) continue;
        s->tap[s->count] = t, s->output[s->count++] = o;
    }
}

static int64_t columns_of_output(const input_task *t)
{
    return (t->depths[1] - t->depths[0]) * (t->rows[1] - t->rows[0]) * t->g->window.axis[2].out;
}

/* The gradients of some outputs from `output` on, position by position, images side by side. */
static void fill_columns(const input_task *t, int64_t output, int64_t outputs)
{
    const cs_local_gradient *g = t->g;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t image = w->groups * w->outputs * cs_positions(w), count = (t->rows[1] - t->rows[0]) * a[2].out;
    char *to = t->columns;
    for (int64_t k = output; k < output + outputs; k++)
        for (int64_t depth = t->depths[0]; depth < t->depths[1]; depth++, to += count * vector_bytes(g)) {
            const int64_t first = (t->group * w->outputs + k) * cs_positions(w) + (depth * a[1].out + t->rows[0]) * a[2].out;
            const void *from[MOST_VECTORS * 64];
            for (int64_t n = 0; n < g->block; n++)
                from[n] = t->dy + (cs_least(t->image + n, w->images - 1) * image + first) * w->size;
            for (int64_t v = 0; v < g->vectors; v++)
                t->k->interleave(to + v * w->lanes * w->size, g->block, from + v * w->lanes, 1, count);
        }
}

/* The terms of an input in the order of the chain: by output, then by tap. */
static int64_t list_terms(const input_task *t, int64_t outputs)
{
    const cs_local_gradient *g = t->g;
    const cs_axis *a = g->window.axis;
    int64_t n = 0;
    for (int64_t t0 = 0; t0 < a[0].taps; t0++) {
        const int64_t o0 = cs_seen_by(&a[0], t->depth, t0);
        if (o0 < 0) continue;
        for (int64_t i = 0; i < t->row.count; i++) {
            const int64_t o1 = t->row.output[i], row = (t0 * a[1].taps + t->row.tap[i]) * a[2].taps;
            const int64_t at = ((o0 - t->depths[0]) * (t->rows[1] - t->rows[0]) + o1 - t->rows[0]) * a[2].out;
            for (int64_t j = 0; j < t->column.count; j++, n++) {
                const int64_t o2 = t->column.output[j];
                t->places[n] = cs_kernel_at(a, o0, o1, o2) * g->terms + row + t->column.tap[j];
                t->at[n] = (at + o2) * g->block;
            }
        }
    }
    const int64_t weights = g->kernels * g->terms, columns = columns_of_output(t) * g->block;
    for (int64_t i = n; i < n * outputs; i++) t->places[i] = t->places[i - n] + weights, t->at[i] = t->at[i - n] + columns;
    return n * outputs;
}

/* Adds the terms of some outputs to the sums of all channels of an input. */
static void add_terms(const input_task *t, int64_t output, int64_t count, char *sums)
{
    const cs_local_gradient *g = t->g;
    const cs_window *w = &g->window;
    int64_t at[MAX_ROWS];
    const int64_t blocks = cs_ceil(t->channels, cs_outer_rows(t->k, g->vectors)), row = (t->group * w->outputs + output) * g->kernels;
    for (int64_t i = 0; i < MAX_ROWS; i++) at[i] = i * cs_taps(g);
    t->k->line_up(t->vectors, t->columns, t->at, count, g->vectors);
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t from = t->channels * i / blocks, to = t->channels * (i + 1) / blocks;
        char *here = sums + from * vector_bytes(g);
        const cs_outer o = {.x = t->weights + (row * g->terms + (t->channel + from) * cs_taps(g)) * w->size, .dy = t->vectors,
                            .at = at, .places = t->places, .count = count, .partial = here, .total = here,
                            .first = output == 0};
        t->k->outer[to - from][g->vectors](&o);
    }
}

static void store(const input_task *t, char *dx)
{
    const cs_local_gradient *g = t->g;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t plane = cs_inputs(w), all = w->groups * w->channels * plane, vector = w->lanes * w->size;
    const int64_t channel = t->group * w->channels + t->channel, place = (t->depth * a[1].in + t->low) * a[2].in;
    for (int64_t c = 0; c < t->channels; c++)
        for (int64_t v = 0; v < g->vectors; v++) {
            const int64_t image = t->image + v * w->lanes, images = cs_least(w->lanes, w->images - image);
            if (images > 0)
                t->k->transpose(dx + (image * all + (channel + c) * plane + place) * w->size, all,
                                t->sums + (c * g->vectors + v) * vector, t->channels * g->block,
                                (t->high - t->low) * a[2].in, images);
        }
}

static void lay_out(input_task *t, void *scratch)
{
    const cs_local_gradient *g = t->g;
    const cs_axis *a = g->window.axis;
    t->sums = cs_aligned(scratch), t->columns = cs_aligned(t->sums + band_bytes(g));
    t->vectors = cs_aligned(t->columns + g->some * columns_of_output(t) * vector_bytes(g));
    t->places = (int64_t *)cs_aligned(t->vectors + g->some * cs_taps(g) * vector_bytes(g)), t->at = t->places + g->some * cs_taps(g);
    t->row.tap = t->at + g->some * cs_taps(g), t->row.output = t->row.tap + a[1].taps;
    t->column.tap = t->row.output + a[1].taps, t->column.output = t->column.tap + a[2].taps;
}

void cs_local_input_run(const cs_local_gradient *g, int64_t task, const void *weights, const void *dy, void *dx,
                        void *scratch)
{
    if (g->few) {
        cs_local_few_run(g, task, weights, dy, dx, scratch);
        return;
    }
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t share = task % g->shares, band = task / g->shares % g->bands, rest = task / g->shares / g->bands;
    input_task t = {.g = g, .k = cs_kernels(w->dtype), .weights = weights, .dy = dy};
    t.depth = rest % a[0].in, t.group = rest / a[0].in % w->groups, t.image = rest / a[0].in / w->groups * g->block;
    t.low = a[1].in * band / g->bands, t.high = a[1].in * (band + 1) / g->bands;
    t.channel = w->channels * share / g->shares, t.channels = w->channels * (share + 1) / g->shares - t.channel;
    list_seeing(&a[0], t.depth, t.depth + 1, &t.depths[0], &t.depths[1]);
    list_seeing(&a[1], t.low, t.high, &t.rows[0], &t.rows[1]);
    lay_out(&t, scratch);
    for (int64_t output = 0, outputs; output < w->outputs; output += outputs) {
        outputs = cs_least(g->some, w->outputs - output);
        fill_columns(&t, output, outputs);
        char *sums = t.sums;
        for (int64_t i = t.low; i < t.high; i++) {
            list_outputs(&a[1], i, &t.row);
            for (int64_t j = 0; j < a[2].in; j++, sums += t.channels * vector_bytes(g)) {
                list_outputs(&a[2], j, &t.column);
                add_terms(&t, output, list_terms(&t, outputs), sums);
            }
        }
    }
    store(&t, dx);
}
