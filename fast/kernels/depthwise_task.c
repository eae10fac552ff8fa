/* A task of a depthwise convolution: bands of some planes. */
#include <string.h>

#include "depthwise.h"

static cs_band lay_out(const cs_window *w, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t slabs = w->channels * a[0].taps, count = cs_row_count(w, cs_near_rows(w));
    const void **rows = scratch;
    int64_t *starts = (int64_t *)(rows + 2 * slabs * count);
    char *zeros = cs_aligned(starts + slabs * count), *copies = cs_aligned(zeros + a[2].in * w->size);
    memset(zeros, 0, (size_t)(a[2].in * w->size));
    for (int64_t i = 0; w->fill && i < a[2].in; i++) memcpy(zeros + i * w->size, &w->fill, (size_t)w->size);
    cs_depth d = {rows, count, slabs, a[1].taps, a[2].taps, a[2].step, cs_gap(&a[1]), a[2].gap, a[2].first, 0, a[2].in, 0,
                  a[2].out, cs_apart(w), a[1].gap < 0 ? -a[1].y : a[1].y, rows + slabs * count, copies, NULL, NULL};
    char *brought = cs_aligned(copies + cs_copy_size(w));
    tile_depthwise *lines = cs_lines(w);
    if (cs_bounded(w)) d.end = cs_end_columns(w);
    return (cs_band){.w = w, .kernel = lines ? lines : cs_kernels(w->dtype)->depthwise, .d = {d}, .rows = rows, .zeros = zeros,
                     .starts = starts, .brought = brought, .ends = cs_aligned(brought + w->bundle * cs_brought_size(w)),
                     .each = {(w->terms + 1) * w->size}};
}

/* The window beside, which sees the same rows. */
static void lay_out_other(cs_band *b)
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
static void run_band(cs_band *b, int64_t first, char *y)
{
    const cs_window *w = b->w;
    if (w->x[2] != 1) cs_bring(b);
    if (w->axis[1].gap < 0) y += (b->d->height - 1) * w->axis[1].y * w->size;
    for (int64_t g = 0; g < b->groups; g++) {
        cs_list_rows(b, g);
        if (cs_bounded(w)) cs_list_ends(b, g);
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
    const int64_t planes = cs_least(cs_plane_count(w), first + w->planes), some = cs_near_rows(w);
    const int64_t bundles = cs_ceil(w->groups, w->bundle), end = cs_least(a[1].out, start + w->height);
    cs_band b = lay_out(w, scratch);
    mean m = {0};
    b.weights[0] = weights;
    if (w->half) lay_out_other(&b);
    if (w->kind == CS_MEAN) {
        m = lay_out_mean(w, b.ends);
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
