/* The gradients of averages of windows that have no element in common: an element takes what its one window passes on. A task is
 * some planes. */
#include <string.h>

#include "pool_gradient.h"
#include "pool_windows.h"

enum { TASK_BYTES = 256 << 10, ALONE_BYTES = 16 << 10, LINE = 64 };

static int is_apart(const cs_axis *a)
{
    return a->gap == 1 && a->step >= a->taps;
}

/* Where things are in the scratch: the taps of each column of windows, what a row of them passes on, and a row of elements, with
 * room for a vector. */
typedef struct {
    int64_t *counts;
    char *slopes, *row;
} apart_task;

/* Whether a small plane has one window. */
static int is_alone(const cs_pool_gradient *g)
{
    const cs_axis *a = g->window.axis;
    return a[0].in == 1 && a[1].out == 1 && a[2].out == 1 && a[1].in * a[2].in * cs_kernels(g->dtype)->size <= ALONE_BYTES;
}

static int64_t scratch_bytes(const cs_pool_gradient *g)
{
    const cs_axis *v = &g->window.axis[2];
    if (is_alone(g)) return g->planes * (8 + cs_kernels(g->dtype)->size) + ALONE_BYTES + 4 * LINE;
    return v->out * (8 + cs_kernels(g->dtype)->size) + v->in * cs_kernels(g->dtype)->size + 4 * LINE;
}

static void run_plane(const cs_pool_gradient *g, const apart_task *t, int64_t depth, const char *dy, char *dx)
{
    const cs_axis *a = g->window.axis, *h = &a[1], *v = &a[2];
    const cs_table *k = cs_kernels(g->dtype);
    const int64_t line = v->in * k->size, times = cs_tap_count(&a[0], depth);
    int64_t next = 0; /* the first row that is not there yet */
    for (int64_t o = 0; o < h->out; o++) {
        const cs_range taps = cs_taps_inside(h, o);
        const int64_t start = o * h->step + h->first, rows = taps.to - taps.from;
        if (rows <= 0) continue;
        memcpy(t->slopes, dy + o * h->y * k->size, (size_t)(v->out * k->size));
        k->divide(t->slopes, t->counts, times * cs_tap_count(h, o), v->out);
        memset(dx + next * line, 0, (size_t)((start + taps.from - next) * line));
        next = start + taps.to;
        k->repeat(dx + (start + taps.from) * line, rows, v->in, t->row, t->slopes, v->out, v->first, v->step, v->taps);
    }
    memset(dx + next * line, 0, (size_t)((h->in - next) * line));
}

/* Planes [from, to) of one window each, from the bits of the elements that it sees. */
static void run_alone(const cs_pool_gradient *g, int64_t from, int64_t to, const char *dy, char *dx, char *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const cs_table *k = cs_kernels(g->dtype);
    const int64_t size = k->size, n = h->in * v->in, planes = to - from;
    const cs_range rows = cs_taps_inside(h, 0), columns = cs_taps_inside(v, 0);
    int64_t *counts = (int64_t *)scratch;
    char *slopes = scratch + planes * 8, *seen = cs_aligned(slopes + planes * size);
    memset(seen, 0, (size_t)(n * size));
    for (int64_t r = rows.from; r < rows.to && columns.from < columns.to; r++)
        memset(seen + ((h->first + r) * v->in + v->first + columns.from) * size, 0xff, (size_t)((columns.to - columns.from) * size));
    for (int64_t i = 0; i < planes; i++) counts[i] = cs_tap_count(v, 0);
    for (int64_t i = 0; i < planes; i++) memcpy(slopes + i * size, dy + (from + i) * w->y_plane * size, (size_t)size);
    k->divide(slopes, counts, cs_tap_count(&w->axis[0], 0) * cs_tap_count(h, 0), planes);
    k->repeat_planes(dx + from * n * size, seen, n, slopes, planes);
}

static void run_apart(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                      char *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t size = cs_kernels(g->dtype)->size, in = a[1].in * a[2].in * size, all = w->images * w->groups * a[0].in;
    if (is_alone(g)) {
        run_alone(g, task * g->planes, cs_least(all, (task + 1) * g->planes), dy, dx, scratch);
        return;
    }
    apart_task t = {.counts = (int64_t *)scratch, .slopes = scratch + a[2].out * 8};
    t.row = cs_aligned(t.slopes + a[2].out * size);
    for (int64_t j = 0; j < a[2].out; j++) t.counts[j] = cs_tap_count(&a[2], j);
    for (int64_t p = task * g->planes; p < cs_least(all, (task + 1) * g->planes); p++) {
        const int64_t depth = p % a[0].in;
        run_plane(g, &t, depth, dy + (p / a[0].in * w->y_plane + depth * a[0].y) * size, dx + p * in);
    }
    (void)x, (void)norm;
}

int cs_pool_apart_split(cs_pool_gradient *g, int64_t planes, int threads)
{
    const cs_axis *d = &g->window.axis[0], *h = &g->window.axis[1], *v = &g->window.axis[2];
    const int64_t all = planes * d->in, bytes = cs_most(1, h->in * v->in * cs_kernels(g->dtype)->size);
    if (g->window.kind != CS_MEAN || !cs_kernels(g->dtype)->repeat || !cs_is_flat(d) || !is_apart(h) || !is_apart(v)) return 0;
    if (all < 2 * threads && bytes > TASK_BYTES) return 0; /* boxes share planes out */
    g->planes = cs_most(1, cs_least(TASK_BYTES / bytes, all / (4 * threads)));
    g->tasks = cs_ceil(all, g->planes);
    g->scratch = scratch_bytes(g);
    g->run = run_apart;
    return 1;
}
