/* Depthwise convolution, others of few channels to few outputs, and averages, as sums of products by 1: no strip, the
 * kernel reads the input's own rows, and a row of zeros where they end; or copies of them where neighbours in a row are not
 * neighbours in x. */
#include <string.h>

#include "pool.h"

enum { BAND_BYTES = 256 << 10, NEAR_BYTES = 20 << 10, TASK_CYCLES = 20000, WIDEST = 256, FEW = 9 };
enum { SHORT = 16, LONG = 10, LONG_PAIRED = 2 }; /* the ends of rows cost a kernel of many taps more: so many vectors are worth them */
enum { ROW_BYTES = 128 << 10, BROUGHT_BYTES = 1 << 20 };

static int64_t gap_of(const cs_axis *a)
{
    return a->gap < 0 ? -a->gap : a->gap;
}

tile_depthwise *cs_lines(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (w->kind != CS_FMA || w->channels * w->axis[0].taps > 1 || v->step > 2 || v->y != 1) return NULL;
    if (h->taps > LINE_TAPS || v->taps > LINE_TAPS) return NULL;
    if (h->taps * v->taps > SHORT && v->out < (cs_few_registers(w) ? LONG : LONG_PAIRED) * w->lanes) return NULL;
    return cs_kernels(w->dtype)->lines[v->step][h->taps][v->taps];
}

int cs_depthwise_suits(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (!cs_kernels(w->dtype)->depthwise || w->boundary != CS_FILL || w->fill || w->terms == 0)
        return 0;
    if (w->kind != CS_FMA && !(w->kind == CS_MEAN && !cs_pool_by_squares(w) && w->lanes > 1 && v->taps > 2 && v->out >= w->lanes)) return 0;
    if (v->in * w->size > ROW_BYTES) return 0;
    if (w->channels > 1 ? w->outputs > 1 : w->outputs > 2) return 0;
    if (h->step != v->step) return 0;
    if (v->step == 1 && h->taps > 1 && h->taps * v->taps > FEW && !cs_lines(w)) return 0; /* a strip is as fast */
    if (v->step == 2 ? h->gap != 1 || v->gap != 1 : v->step != 1) return 0;
    if ((v->taps - 1) * gap_of(v) > WIDEST || (h->taps - 1) * gap_of(h) > WIDEST) return 0;
    return 2 * h->out > DEPTH_ROWS && 3 * v->out > w->lanes;
}

/* Rows of outputs in whole tiles, and the rows of inputs that they see. */
static int64_t apart(const cs_window *w)
{
    return w->axis[1].step == 1 ? gap_of(&w->axis[1]) : 1;
}
static int64_t whole_rows(const cs_window *w, int64_t height)
{
    return cs_ceil(cs_ceil(height, apart(w)), DEPTH_ROWS) * DEPTH_ROWS * apart(w);
}
static int64_t row_count(const cs_window *w, int64_t height)
{
    return (whole_rows(w, height) - 1) * w->axis[1].step + (w->axis[1].taps - 1) * gap_of(&w->axis[1]) + 1;
}

double cs_depthwise_cycles(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const int64_t tiles = whole_rows(w, h->out) / DEPTH_ROWS, vectors = cs_ceil(v->out, w->lanes);
    const double divide = w->kind == CS_MEAN ? 10 * DEPTH_ROWS : 0, term = cs_lines(w) && v->step == 1 ? 2.2 : 3.5;
    const double ends = cs_lines(w) ? (double)cs_least(vectors, 2) * (4 * (double)w->terms + 18) : 0;
    return (double)(w->outputs * tiles) * ((double)vectors * (term * (double)w->terms + 12 + divide) + ends);
}

static int64_t count_tasks(cs_window *w)
{
    w->plane_tasks = cs_ceil(cs_plane_count(w), w->planes);
    w->height_tasks = cs_ceil(w->axis[1].out, w->height);
    return w->tasks = w->plane_tasks * w->height_tasks;
}

/* Rows of outputs whose inputs fit into the first-level cache. */
static int64_t near_rows(const cs_window *w)
{
    const int64_t row = w->channels * w->axis[0].taps * w->axis[1].step * w->axis[2].in * w->size;
    return cs_least(w->height, whole_rows(w, cs_most(1, NEAR_BYTES / row)));
}

static int64_t copy_size(const cs_window *w)
{
    const int64_t columns = EDGE_VECTORS * w->lanes * w->axis[2].step + (w->axis[2].taps - 1) * gap_of(&w->axis[2]);
    return w->channels * w->axis[0].taps * row_count(w, near_rows(w)) * cs_ceil(columns, w->lanes) * w->lanes * w->size;
}

/* Bytes of the rows that are copied for one group, if they are. */
static int64_t brought_size(const cs_window *w)
{
    if (w->x[2] == 1) return 0;
    return w->channels * w->axis[0].taps * row_count(w, near_rows(w)) * w->axis[2].in * w->size;
}

/* Bands of rows that fit into the second-level cache, several planes of them where they are small. */
void cs_depthwise_split(cs_window *w, int threads)
{
    const int64_t row = w->axis[1].step * w->axis[2].in * w->size, least = 2 * DEPTH_ROWS * apart(w);
    const double cycles = (w->cost + (w->half ? w[1].cost : 0)) * (double)(w->images * w->groups);
    w->width = w->axis[2].out, w->height = w->axis[1].out, w->planes = w->shares = w->width_tasks = 1;
    w->bundle = cs_bundle(w);
    while (w->height > least && (w->height * row > BAND_BYTES || (threads > 1 && count_tasks(w) < 4 * threads &&
                                                                  cycles / (double)w->tasks > TASK_CYCLES)))
        w->height = whole_rows(w, cs_ceil(w->height, 2));
    w->bundle = cs_most(1, cs_least(w->bundle, BROUGHT_BYTES / cs_most(1, brought_size(w))));
    const double each = cycles / (double)count_tasks(w);
    if (each < TASK_CYCLES && w->height_tasks == 1)
        w->planes = cs_most(1, cs_least((int64_t)(TASK_CYCLES / each), w->tasks / (4 * threads)));
    count_tasks(w);
    const int64_t slabs = w->channels * w->axis[0].taps, count = row_count(w, near_rows(w));
    const int64_t mean =
        w->kind == CS_MEAN ? (w->width + w->height) * 8 + (cs_divisors_size(w) + w->terms + 1) * w->size : 0;
    w->scratch = w->axis[2].in * w->size + slabs * count * (int64_t)(2 * sizeof(void *) + 8) + copy_size(w) +
                 w->bundle * brought_size(w) + mean + 5 * 64;
}

/* What a task holds beside what the kernel sees. */
typedef struct {
    const cs_window *w;
    tile_depthwise *kernel;
    cs_depth d[2]; /* d[1]: of the window that is computed with this one */
    const void **rows, *zeros;
    int64_t *starts; /* of rows in x that are copied */
    char *brought;   /* the copies, channel by channel */
    const char *x;   /* the first channel of the bundle */
    int64_t depth, top, groups;
    const char *weights[2];
    int64_t each[2]; /* bytes from the weights of one output to the next */
} band;

/* Rows of inputs: where the first one starts, elements from one to the next, and which of them exist. */
typedef struct {
    int64_t start, step, from, to;
} seen;

/* Those of a channel that tap t of the outermost axis sees. Taps that go up see rows of outputs from the last one on: to these the rows
 * descend, as the taps do. */
static seen rows_seen(const band *b, int64_t t)
{
    const cs_axis *a = b->w->axis;
    const int64_t step = a[1].gap < 0 ? -1 : 1, top = step < 0 ? b->top + b->d->height - 1 : b->top;
    const int64_t row = top * a[1].step + a[1].first, p = b->depth * a[0].step + a[0].first + t * a[0].gap;
    const int64_t from = step > 0 ? -row : row - a[1].in + 1, to = step > 0 ? a[1].in - row : row + 1;
    return (seen){p * b->w->x[0] + row * b->w->x[1], step * b->w->x[1], cs_least(cs_most(from, 0), b->d->slab),
                  p >= 0 && p < a[0].in ? cs_least(to, b->d->slab) : 0};
}

/* Copies of the rows of all groups of the bundle. */
static void bring(band *b)
{
    const cs_window *w = b->w;
    const int64_t in = w->axis[2].in, rows = w->axis[0].taps * b->d->slab;
    const cs_row r = {0, 1, in, 0, in, in, CS_FILL, 0, w->x[2], b->groups * w->channels, w->x_channel};
    for (int64_t t = 0; t < w->axis[0].taps; t++) {
        const seen s = rows_seen(b, t);
        for (int64_t i = 0; i < b->d->slab; i++)
            b->starts[t * b->d->slab + i] = s.from <= i && i < s.to ? s.start + i * s.step : ROW_OUTSIDE;
    }
    cs_kernels(w->dtype)->copy_rows(b->brought, rows * in, in, b->x, b->starts, rows, &r);
}

/* The rows that a band of outputs of a group sees, whole tiles of it. */
static void list_rows(band *b, int64_t group)
{
    const cs_window *w = b->w;
    const int64_t taps = w->axis[0].taps, slab = b->d->slab, in_place = w->x[2] == 1, in = w->axis[2].in * w->size;
    const void **to = b->rows;
    for (int64_t c = group * w->channels; c < (group + 1) * w->channels; c++) {
        for (int64_t t = 0; t < taps; t++) {
            const seen s = rows_seen(b, t);
            const int64_t pitch = in_place ? s.step * w->size : in;
            const char *row = in_place ? b->x + (c * w->x_channel + s.start) * w->size : b->brought + (c * taps + t) * slab * in;
            int64_t i = 0;
            for (; i < s.from; i++) *to++ = b->zeros;
            for (row += i * pitch; i < s.to; i++, row += pitch) *to++ = row;
            for (; i < slab; i++) *to++ = b->zeros;
        }
    }
}

static band lay_out(const cs_window *w, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t slabs = w->channels * a[0].taps, count = row_count(w, near_rows(w));
    const void **rows = scratch;
    int64_t *starts = (int64_t *)(rows + 2 * slabs * count);
    char *zeros = cs_aligned(starts + slabs * count), *copies = cs_aligned(zeros + a[2].in * w->size);
    memset(zeros, 0, (size_t)(a[2].in * w->size));
    const cs_depth d = {rows, count, slabs, a[1].taps, a[2].taps, a[2].step, gap_of(&a[1]), a[2].gap, a[2].first, 0, a[2].in, 0,
                        a[2].out, apart(w), a[1].gap < 0 ? -a[1].y : a[1].y, rows + slabs * count, copies, NULL, NULL};
    tile_depthwise *lines = cs_lines(w);
    return (band){.w = w, .kernel = lines ? lines : cs_kernels(w->dtype)->depthwise, .d = {d}, .rows = rows, .zeros = zeros,
                  .starts = starts, .brought = cs_aligned(copies + copy_size(w)), .each = {(w->terms + 1) * w->size}};
}

/* The window beside, which sees the same rows. */
static void lay_out_other(band *b)
{
    const cs_window *w = b->w + 1;
    const cs_axis *v = &w->axis[2];
    b->d[1] = b->d[0];
    b->d[1].columns = v->taps, b->d[1].column_gap = v->gap, b->d[1].first = v->first, b->d[1].width = v->out;
    b->weights[1] = b->weights[0] + w->packed - b->w->packed, b->each[1] = (w->terms + 1) * w->size;
}

/* What averages need beside rows: the divisors of a band, for each depth anew, and the weights, which are ones. */
typedef struct {
    int64_t *counts, *rows, depth;
    char *divisors, *ones;
} mean;

static mean lay_out_mean(const cs_window *w, void *scratch)
{
    mean m = {scratch, (int64_t *)scratch + w->width, -1, cs_aligned((int64_t *)scratch + w->width + w->height), NULL};
    m.ones = m.divisors + cs_divisors_size(w) * w->size;
    cs_kernels(w->dtype)->ones(m.ones, w->terms + 1);
    memset(m.ones, 0, (size_t)w->size);
    return m;
}

/* The outputs of a band of a bundle; `first` and `y` are those of its first group. */
static void run_band(band *b, int64_t first, char *y)
{
    const cs_window *w = b->w;
    if (w->x[2] != 1) bring(b);
    if (w->axis[1].gap < 0) y += (b->d->height - 1) * w->axis[1].y * w->size;
    for (int64_t g = 0; g < b->groups; g++) {
        list_rows(b, g);
        for (int64_t k = g * w->outputs; k < (g + 1) * w->outputs; k++) {
            char *to = y + (g * w->y_group + k % w->outputs * w->y_plane) * w->size;
            const void *weights[2] = {b->weights[0] + (first + k) * b->each[0]};
            if (w->half) {
                weights[1] = b->weights[1] + (first + k) * b->each[1];
                cs_kernels(w->dtype)->depthwise_pair(b->d, weights, to);
            } else {
                b->kernel(b->d, weights[0], to);
            }
        }
    }
}

void cs_depthwise_task(const cs_window *w, int64_t i, const void *x, const void *weights, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t size = w->size, first = i / w->height_tasks * w->planes, start = i % w->height_tasks * w->height;
    const int64_t planes = cs_least(cs_plane_count(w), first + w->planes), some = near_rows(w);
    const int64_t bundles = cs_ceil(w->groups, w->bundle), end = cs_least(a[1].out, start + w->height);
    band b = lay_out(w, scratch);
    mean m = {0};
    b.weights[0] = weights;
    if (w->half) lay_out_other(&b);
    if (w->kind == CS_MEAN) {
        m = lay_out_mean(w, cs_aligned(b.brought + w->bundle * brought_size(w)));
        b.weights[0] = m.ones, b.each[0] = 0, b.d->divisors = m.divisors;
    }
    int64_t image = first / a[0].out / bundles, group = first / a[0].out % bundles * w->bundle;
    b.depth = first % a[0].out;
    for (int64_t plane = first; plane < planes; plane++) {
        b.groups = cs_least(w->bundle, w->groups - group);
        b.x = (const char *)x + (image * w->x_image + group * w->channels * w->x_channel) * size;
        if (w->kind == CS_MEAN && m.depth != b.depth) {
            cs_list_divisors(w, (cs_pool_box){b.depth, start, end, 0, a[2].out}, m.counts, m.divisors, m.rows);
            m.depth = b.depth;
        }
        for (b.top = start; b.top < end; b.top += some) {
            b.d->height = cs_least(some, end - b.top), b.d->row_divisors = m.rows + (b.top - start);
            run_band(&b, group * w->outputs,
                     (char *)y + (w->y_base + image * w->y_image + group * w->y_group + b.depth * a[0].y + b.top * a[1].y) * size);
        }
        if (++b.depth < a[0].out) continue;
        b.depth = 0, group += w->bundle;
        if (group >= w->groups) group = 0, image++;
    }
}
