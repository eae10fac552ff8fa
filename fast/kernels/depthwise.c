/* Depthwise convolution, others of few channels to few outputs, and averages, as sums of products by 1: no strip, the
 * kernel reads the input's own rows, and a row of zeros where they end. */
#include <string.h>

#include "pool.h"

enum { BAND_BYTES = 256 << 10, NEAR_BYTES = 20 << 10, TASK_CYCLES = 20000, WIDEST = 256, FEW = 9 };

int cs_depthwise_suits(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (!cs_kernels(w->dtype)->depthwise || w->boundary != CS_FILL || w->fill || v->y != 1 || w->terms == 0) return 0;
    if (w->kind != CS_FMA && !(w->kind == CS_MEAN && w->lanes > 1 && v->taps > 2 && v->out >= w->lanes)) return 0;
    if (w->channels > 1 ? w->outputs > 1 : w->outputs > 2) return 0;
    if (h->step != v->step) return 0;
    if (v->step == 1 && h->taps * v->taps > FEW) return 0; /* a strip, and tiles of four vectors, are faster */
    if (v->step == 2 ? h->gap != 1 || v->gap != 1 : v->step != 1 || h->gap < 1 || v->gap < 1) return 0;
    if ((v->taps - 1) * v->gap > WIDEST || (h->taps - 1) * h->gap > WIDEST) return 0;
    return 2 * h->out > DEPTH_ROWS && 3 * v->out > w->lanes;
}

/* Rows of outputs in whole tiles, and the rows of inputs that they see. */
static int64_t apart(const cs_window *w)
{
    return w->axis[1].step == 1 ? w->axis[1].gap : 1;
}
static int64_t whole_rows(const cs_window *w, int64_t height)
{
    return cs_ceil(cs_ceil(height, apart(w)), DEPTH_ROWS) * DEPTH_ROWS * apart(w);
}
static int64_t row_count(const cs_window *w, int64_t height)
{
    return (whole_rows(w, height) - 1) * w->axis[1].step + (w->axis[1].taps - 1) * w->axis[1].gap + 1;
}

double cs_depthwise_cycles(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const double tiles = (double)(whole_rows(w, h->out) / DEPTH_ROWS * cs_ceil(v->out, w->lanes));
    const double divide = w->kind == CS_MEAN ? 10 * DEPTH_ROWS : 0;
    return (double)w->outputs * tiles * (3.5 * (double)w->terms + 12 + divide);
}

static int64_t count_tasks(cs_window *w)
{
    w->plane_tasks = cs_ceil(w->images * w->groups * w->axis[0].out, w->planes);
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
    const int64_t columns = 4 * w->lanes * w->axis[2].step + (w->axis[2].taps - 1) * w->axis[2].gap;
    return w->channels * w->axis[0].taps * row_count(w, near_rows(w)) * cs_ceil(columns, w->lanes) * w->lanes * w->size;
}

/* Bands of rows that fit into the second-level cache, several planes of them where they are small. */
void cs_depthwise_split(cs_window *w, int threads)
{
    const int64_t row = w->axis[1].step * w->axis[2].in * w->size, least = 2 * DEPTH_ROWS * apart(w);
    const double cycles = w->cost * (double)(w->images * w->groups);
    w->width = w->axis[2].out, w->height = w->axis[1].out, w->planes = w->shares = w->width_tasks = 1;
    while (w->height > least && (w->height * row > BAND_BYTES || (threads > 1 && count_tasks(w) < 4 * threads &&
                                                                  cycles / (double)w->tasks > TASK_CYCLES)))
        w->height = whole_rows(w, cs_ceil(w->height, 2));
    const double each = cycles / (double)count_tasks(w);
    if (each < TASK_CYCLES && w->height_tasks == 1)
        w->planes = cs_most(1, cs_least((int64_t)(TASK_CYCLES / each), w->tasks / (4 * threads)));
    count_tasks(w);
    const int64_t slabs = w->channels * w->axis[0].taps;
    const int64_t mean =
        w->kind == CS_MEAN ? (w->width + w->height) * 8 + (cs_divisors_size(w) + w->terms + 1) * w->size : 0;
    w->scratch = w->axis[2].in * w->size + 2 * slabs * row_count(w, near_rows(w)) * (int64_t)sizeof(void *) +
                 copy_size(w) + mean + 3 * 64;
}

/* The rows of inputs that a band of outputs from row `top` on sees, whole tiles of it. */
static void list_rows(const cs_window *w, const cs_depth *d, const char *x, int64_t depth, int64_t top,
                      const void *zeros, const void **rows)
{
    const cs_axis *a = w->axis;
    const int64_t start = top * a[1].step + a[1].first;
    for (int64_t slab = 0; slab < d->slabs; slab++) {
        const int64_t p = depth * a[0].step + a[0].first + slab % a[0].taps * a[0].gap;
        const char *plane = x + (slab / a[0].taps * a[0].in + p) * a[1].in * a[2].in * w->size;
        for (int64_t i = 0; i < d->slab; i++) {
            const int inside = p >= 0 && p < a[0].in && start + i >= 0 && start + i < a[1].in;
            *rows++ = inside ? plane + (start + i) * a[2].in * w->size : zeros;
        }
    }
}

static char *aligned(void *p)
{
    return (char *)(((uintptr_t)p + 63) & ~(uintptr_t)63);
}

/* What averages need beside rows: the divisors of a band, for each depth anew, and the weights, which are ones. */
typedef struct {
    int64_t *counts, *rows, depth;
    char *divisors, *ones;
} mean;

static mean lay_out_mean(const cs_window *w, void *scratch)
{
    mean m = {scratch, (int64_t *)scratch + w->width, -1, aligned((int64_t *)scratch + w->width + w->height), NULL};
    m.ones = m.divisors + cs_divisors_size(w) * w->size;
    cs_kernels(w->dtype)->ones(m.ones, w->terms + 1);
    memset(m.ones, 0, (size_t)w->size);
    return m;
}

/* One plane's outputs from row `top` on; y: those of its first output channel. */
static void run_band(const cs_window *w, cs_depth *d, int64_t image_group, int64_t depth, int64_t top, const char *x,
                     const char *weights, char *y, char *zeros, const void **rows)
{
    const cs_axis *a = w->axis;
    const int64_t plane = w->channels * a[0].in * a[1].in * a[2].in;
    list_rows(w, d, x + image_group * plane * w->size, depth, top, zeros, rows);
    for (int64_t k = 0; k < w->outputs; k++) {
        const int64_t to = w->y_base + (image_group * w->outputs + k) * w->y_plane + depth * a[0].y + top * a[1].y;
        const int64_t kernel = w->kind == CS_MEAN ? 0 : image_group % w->groups * w->outputs + k;
        cs_kernels(w->dtype)->depthwise(d, weights + kernel * (w->terms + 1) * w->size, y + to * w->size);
    }
}

void cs_depthwise_task(const cs_window *w, int64_t i, const void *x, const void *weights, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t size = w->size, first = i / w->height_tasks * w->planes, start = i % w->height_tasks * w->height;
    const int64_t planes = cs_least(w->images * w->groups * a[0].out, first + w->planes), some = near_rows(w);
    const int64_t slabs = w->channels * a[0].taps, count = row_count(w, some);
    const int64_t end = cs_least(a[1].out, start + w->height);
    const void **rows = scratch;
    char *zeros = aligned(rows + 2 * slabs * count), *copies = zeros + (a[2].in * size + 63) / 64 * 64;
    cs_depth d = {rows, count, slabs, a[1].taps, a[2].taps, a[2].step, a[1].gap, a[2].gap, a[2].first, 0, a[2].in, 0,
                  a[2].out, apart(w), a[1].y, rows + slabs * count, copies, NULL, NULL};
    memset(zeros, 0, (size_t)(a[2].in * size));
    mean m = {0};
    if (w->kind == CS_MEAN) m = lay_out_mean(w, copies + copy_size(w)), weights = m.ones, d.divisors = m.divisors;
    for (int64_t plane = first; plane < planes; plane++) {
        const int64_t depth = plane % a[0].out;
        if (w->kind == CS_MEAN && m.depth != depth) {
            cs_list_divisors(w, (cs_pool_box){depth, start, end, 0, a[2].out}, m.counts, m.divisors, m.rows);
            m.depth = depth;
        }
        for (int64_t top = start; top < end; top += some) {
            d.height = cs_least(some, end - top), d.row_divisors = m.rows + (top - start);
            run_band(w, &d, plane / a[0].out, depth, top, x, weights, y, zeros, rows);
        }
    }
}
