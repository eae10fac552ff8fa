/* Depthwise convolution, others of few channels to few outputs, and averages, as sums of products by 1: no strip, the
 * kernel reads the input's own rows, and a row of zeros where they end; or copies of them where neighbours in a row are not
 * neighbours in x. */
#include <stddef.h>

#include "depthwise.h"

enum { BAND_BYTES = 256 << 10, NEAR_BYTES = 20 << 10, TASK_CYCLES = 20000, WIDEST = 256, FEW = 9 };
enum { SHORT = 16, LONG = 10, LONG_PAIRED = 2 }; /* the ends of rows cost a kernel of many taps more: so many vectors are worth them */
enum { ROW_BYTES = 128 << 10, BROUGHT_BYTES = 1 << 20 };

tile_depthwise *cs_lines(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (w->kind != CS_FMA || w->channels * w->axis[0].taps > 1 || v->step > 2 || v->y != 1) return NULL;
    if (h->taps > LINE_TAPS || v->taps > LINE_TAPS) return NULL;
    if (h->taps * v->taps > SHORT && v->out < (cs_few_registers(w) ? LONG : LONG_PAIRED) * w->lanes) return NULL;
    return cs_kernels(w->dtype)->lines[v->step][h->taps][v->taps];
}

/* Whether no more than the first and the last vector see what lies beyond the ends of the rows. */
static int ends_suit(const cs_window *w)
{
    const cs_axis *v = &w->axis[2];
    const int64_t left = -cs_lowest(v), right = cs_highest(v) + v->out - v->in, most = cs_least(v->taps - 1, w->lanes);
    return cs_lines(w) && v->step == 1 && v->out >= 2 * w->lanes && left <= most && right <= most;
}

int cs_depthwise_suits(const cs_window *w)
{
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    if (!cs_kernels(w->dtype)->depthwise || w->terms == 0 || (cs_bounded(w) && !ends_suit(w))) return 0;
    if (w->kind != CS_FMA && !(w->kind == CS_MEAN && !cs_pool_by_squares(w) && w->lanes > 1 && v->taps > 2 && v->out >= w->lanes)) return 0;
    if (v->in * w->size > ROW_BYTES) return 0;
    if (w->channels > 1 ? w->outputs > 1 : w->outputs > 2) return 0;
    if (h->step != v->step) return 0;
    if (v->step == 1 && h->taps > 1 && h->taps * v->taps > FEW && !cs_lines(w)) return 0; /* a strip is as fast */
    if (v->step == 2 ? h->gap != 1 || v->gap != 1 : v->step != 1) return 0;
    return (v->taps - 1) * cs_gap(v) <= WIDEST && (h->taps - 1) * cs_gap(h) <= WIDEST;
}

/* Rows of outputs in whole tiles. */
static int64_t whole_rows(const cs_window *w, int64_t height)
{
    return cs_ceil(cs_ceil(height, cs_apart(w)), DEPTH_ROWS) * DEPTH_ROWS * cs_apart(w);
}
int64_t cs_row_count(const cs_window *w, int64_t height)
{
    return (whole_rows(w, height) - 1) * w->axis[1].step + (w->axis[1].taps - 1) * cs_gap(&w->axis[1]) + 1;
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

/* Inputs fit into the first-level cache; tiles along whole rows see a row only a few times. */
int64_t cs_near_rows(const cs_window *w)
{
    if (cs_lines(w)) return w->height;
    const int64_t row = w->channels * w->axis[0].taps * w->axis[1].step * w->axis[2].in * w->size;
    return cs_least(w->height, whole_rows(w, cs_most(1, NEAR_BYTES / row)));
}

int64_t cs_ends_size(const cs_window *w)
{
    return cs_bounded(w) ? 2 * cs_row_count(w, cs_near_rows(w)) * cs_end_columns(w) * w->size : 0;
}

int64_t cs_copy_size(const cs_window *w)
{
    if (cs_lines(w)) return 0;
    const int64_t columns = EDGE_VECTORS * w->lanes * w->axis[2].step + (w->axis[2].taps - 1) * cs_gap(&w->axis[2]);
    return w->channels * w->axis[0].taps * cs_row_count(w, cs_near_rows(w)) * cs_ceil(columns, w->lanes) * w->lanes * w->size;
}

int64_t cs_brought_size(const cs_window *w)
{
    if (w->x[2] == 1) return 0;
    return w->channels * w->axis[0].taps * cs_row_count(w, cs_near_rows(w)) * w->axis[2].in * w->size;
}

/* Bands of rows that fit into the second-level cache, several planes of them where they are small. */
void cs_depthwise_split(cs_window *w, int threads)
{
    const int64_t row = w->axis[1].step * w->axis[2].in * w->size, least = 2 * DEPTH_ROWS * cs_apart(w);
    const double cycles = (w->cost + (w->half ? w[1].cost : 0)) * (double)(w->images * w->groups);
    w->width = w->axis[2].out, w->height = w->axis[1].out, w->planes = w->shares = w->width_tasks = 1;
    w->bundle = cs_bundle(w);
    while (w->height > least && (w->height * row > BAND_BYTES || (threads > 1 && count_tasks(w) < 4 * threads &&
                                                                  cycles / (double)w->tasks > TASK_CYCLES)))
        w->height = whole_rows(w, cs_ceil(w->height, 2));
    w->bundle = cs_most(1, cs_least(w->bundle, BROUGHT_BYTES / cs_most(1, cs_brought_size(w))));
    const double each = cycles / (double)count_tasks(w);
    if (each < TASK_CYCLES && w->height_tasks == 1)
        w->planes = cs_most(1, cs_least((int64_t)(TASK_CYCLES / each), w->tasks / (4 * threads)));
    count_tasks(w);
    const int64_t slabs = w->channels * w->axis[0].taps, count = cs_row_count(w, cs_near_rows(w));
    const int64_t mean =
        w->kind == CS_MEAN ? (w->width + w->height) * 8 + (cs_divisors_size(w) + w->terms + 1) * w->size : 0;
    w->scratch = w->axis[2].in * w->size + slabs * count * (int64_t)(2 * sizeof(void *) + 8) + cs_copy_size(w) +
                 w->bundle * cs_brought_size(w) + cs_ends_size(w) + mean + 6 * 64;
}
