/* The gradients of maxima and means over squares of a few rows and columns, one or two apart, as vectors run over planes: a task
 * is some bands of rows of elements, one after the other. The windows that see a band pass on to it alone: neighbouring bands
 * have some of them in common, and no element is written by two. */
#include <string.h>

#include "pool.h"
#include "pool_gradient.h"

enum { NEAR_BYTES = 24 << 10, LEAST_ROWS = 8, ROW_BYTES = 64 << 10, TASK_BYTES = 256 << 10, LINE = 64 };

/* The windows [from, to) of a column that see its elements [top, end), also where there are none. */
typedef struct {
    int64_t top, end, from, to;
} band;

static band band_of(const cs_pool_gradient *g, int64_t i)
{
    const cs_axis *h = &g->window.axis[1];
    const int64_t top = h->in * i / g->tall, end = h->in * (i + 1) / g->tall;
    return (band){top, end, cs_floor(top - h->first - h->taps + h->step, h->step), cs_floor(end - 1 - h->first, h->step) + 1};
}

/* Rows of windows that a band has at most; elements from one row of them to the next, with room at both ends. */
static int64_t most_rows(const cs_pool_gradient *g)
{
    const cs_axis *h = &g->window.axis[1];
    return cs_ceil(g->band + h->taps, h->step) + 1;
}

static int64_t pitch_of(const cs_pool_gradient *g)
{
    const cs_axis *v = &g->window.axis[2];
    const int64_t lanes = cs_kernels(g->dtype)->lanes, seen = (v->in - v->first) / v->step + 1;
    return cs_ceil(cs_most(v->out, seen) + 2 * lanes + SQUARE, LINE / 4) * (LINE / 4);
}

static int suits(const cs_pool_gradient *g)
{
    const cs_window *w = &g->window;
    const cs_axis *d = &w->axis[0], *h = &w->axis[1], *v = &w->axis[2];
    const cs_table *k = cs_kernels(g->dtype);
    if (!k->squares_back[w->kind] || (w->kind == CS_MAX && w->dtype != g->dtype)) return 0;
    if (!cs_is_flat(d)) return 0;
    if (h->taps != v->taps || h->step != v->step || h->gap != 1 || v->gap != 1) return 0;
    if (v->step == 1) return v->taps == 3;
    return v->step == 2 && v->taps == 3;
}

/* Lists the rows of x that the windows of a plane see, what means are divided by, and the taps where columns begin; the room at
 * the ends of rows passes on 0, and no window there is chosen. */
static cs_passing_squares describe(const cs_pool_gradient *g, char *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const int64_t size = cs_kernels(g->dtype)->size, n = most_rows(g), pitch = pitch_of(g), room = n * pitch * size;
    int64_t *rows = (int64_t *)scratch, *row_divisors = rows + h->out * h->step + h->taps, *counts = row_divisors + h->out;
    int32_t *firsts = (int32_t *)(counts + v->out);
    char *divisors = cs_aligned(firsts + v->out + LINE), *slopes = cs_aligned(divisors + cs_divisors_size(w) * size);
    for (int64_t i = 0; i < h->out * h->step + h->taps; i++) {
        const int64_t row = h->first + i;
        rows[i] = row >= 0 && row < h->in ? row * v->in : ROW_OUTSIDE;
    }
    if (w->kind == CS_MEAN) {
        cs_window sums = *w;
        sums.dtype = g->dtype, sums.size = size;
        cs_list_divisors(&sums, (cs_pool_box){0, 0, h->out, 0, v->out}, counts, divisors, row_divisors);
    }
    for (int64_t i = 0; i < v->out + LINE; i++) firsts[i] = (int32_t)cs_most(0, -v->first - i * v->step);
    memset(slopes, 0, (size_t)(2 * room));
    const cs_squares windows = {.rows = rows, .side = v->taps, .step = v->step, .width = v->out, .ldy = h->y, .first = v->first,
                                .in = v->in, .divisors = divisors, .row_divisors = row_divisors};
    return (cs_passing_squares){.windows = windows, .slopes = slopes + SQUARE * size, .places = slopes + room + SQUARE * size,
                                .spare = slopes + 2 * room, .pitch = pitch, .firsts = firsts};
}

/* A band of them; windows that there are not pass on 0. */
static cs_passing_squares part(const cs_pool_gradient *g, cs_passing_squares b, band s)
{
    const cs_axis *h = &g->window.axis[1], *v = &g->window.axis[2];
    const int64_t size = cs_kernels(g->dtype)->size, line = b.pitch * size, first = s.from * h->step + h->first;
    const cs_range o = {cs_most(0, s.from), cs_most(cs_most(0, s.from), cs_least(h->out, s.to))};
    const int64_t low = cs_most(0, o.from * h->step + h->first);
    const int64_t high = cs_least(h->in, (o.to - 1) * h->step + h->first + h->taps);
    char *slopes = (char *)b.slopes - SQUARE * size;
    b.before = o.from - s.from, b.rows = s.to - s.from, b.top = first - s.top, b.height = s.end - s.top;
    memset(slopes, 0, (size_t)(b.before * line));
    memset(slopes + (o.to - s.from) * line, 0, (size_t)((s.to - o.to) * line));
    b.windows.rows += o.from * h->step, b.windows.row_divisors += o.from, b.windows.count = o.to - o.from;
    b.windows.ahead = b.height * v->in * size, b.ahead = b.windows.count * h->y * size;
    b.seen = low * v->in, b.seen_count = cs_most(0, high - low) * v->in;
    return b;
}

static void run_squares(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                       char *scratch)
{
    (void)norm;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const cs_table *k = cs_kernels(g->dtype);
    const int64_t in = a[1].in * a[2].in, all = w->images * w->groups * a[0].in * g->tall;
    const cs_passing_squares plane = describe(g, scratch);
    for (int64_t i = task * g->planes; i < cs_least(all, (task + 1) * g->planes); i++) {
        const int64_t p = i / g->tall;
        const band s = band_of(g, i % g->tall);
        const cs_passing_squares b = part(g, plane, s);
        const int64_t out = p / a[0].in * w->y_plane + p % a[0].in * a[0].y + (s.from + b.before) * a[1].y;
        k->squares_back[w->kind](w->kind == CS_MAX ? x + p * in * k->size : x, &b, dy + out * k->size,
                                 dx + (p * in + s.top * a[2].in) * k->size);
    }
}

int cs_pool_squares_split(cs_pool_gradient *g, int64_t planes, int threads)
{
    const cs_axis *a = g->window.axis, *h = &a[1];
    const int64_t size = cs_kernels(g->dtype)->size, all = planes * a[0].in;
    if (!suits(g) || pitch_of(g) * size > ROW_BYTES) return 0;
    const int64_t near = NEAR_BYTES / (2 * pitch_of(g) * size) * h->step;
    g->tall = cs_ceil(h->in, cs_most(LEAST_ROWS, near));
    g->tall = cs_most(g->tall, cs_least(h->in / LEAST_ROWS, cs_ceil(4 * threads, cs_most(1, all))));
    g->band = cs_ceil(h->in, g->tall);
    const int64_t bands = all * g->tall;
    g->planes = cs_most(1, cs_least(TASK_BYTES / (g->band * a[2].in * size), bands / (4 * threads)));
    g->tasks = cs_ceil(bands, g->planes);
    const int64_t rows = most_rows(g);
    g->window.height = h->out, g->window.width = a[2].out, g->window.lanes = cs_kernels(g->dtype)->lanes;
    g->scratch = (h->out * (h->step + 1) + h->taps + a[2].out) * 8 + (a[2].out + LINE) * 4 + 4 * LINE +
                 (cs_divisors_size(&g->window) + 2 * rows * pitch_of(g)) * size + g->band * 2 * LINE;
    g->run = run_squares;
    return 1;
}
