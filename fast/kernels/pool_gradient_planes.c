/* The gradient of maxima over narrow planes, a vector of which is turned at once. A task is some planes. */
#include <string.h>

#include "pool_gradient.h"
#include "pool_windows.h"

enum { MOST_BYTES = 512 << 10, TASK_BYTES = 256 << 10, LINE = 64 };

/* Inputs, or results, of a plane. */
static int64_t inputs(const cs_axis *a)
{
    return a[1].in * a[2].in;
}
static int64_t outputs(const cs_axis *a)
{
    return a[1].out * a[2].out;
}

/* The windows; and x, dy and dx of a vector of planes, position by position. */
typedef struct {
    cs_planes windows;
    char *x, *dy, *dx;
} planes_task;

static int64_t vector_bytes(const cs_pool_gradient *g)
{
    const cs_axis *a = g->window.axis;
    return (2 * inputs(a) + outputs(a)) * cs_kernels(g->dtype)->lanes * cs_kernels(g->dtype)->size;
}

static int64_t list_bytes(const cs_axis *a)
{
    return (a[1].out * (a[1].taps + 1) + 1 + 2 * a[2].out) * 8;
}

static planes_task lay_out(const cs_pool_gradient *g, void *scratch)
{
    const cs_axis *a = g->window.axis, *h = &a[1], *v = &a[2];
    const cs_table *k = cs_kernels(g->dtype);
    int64_t *from = scratch, *starts = from + h->out + 1, *first = starts + h->out * h->taps, *end = first + v->out;
    int64_t n = 0;
    for (int64_t o = 0; o < h->out; o++) {
        const cs_range taps = cs_taps_inside(h, o);
        from[o] = n;
        for (int64_t t = taps.from; t < taps.to; t++) starts[n++] = (o * h->step + h->first + t * h->gap) * v->in;
    }
    from[h->out] = n;
    cs_list_columns(v, 0, v->out, first, end);
    planes_task t = {.windows = {{h->out, from, starts}, v->in, v->out, v->gap, first, end, NULL, NULL}};
    t.x = cs_aligned((char *)scratch + list_bytes(a));
    t.dx = t.x + inputs(a) * k->lanes * k->size, t.dy = t.dx + inputs(a) * k->lanes * k->size;
    return t;
}

static void run_planes(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                       char *scratch)
{
    const cs_axis *a = g->window.axis;
    const cs_table *k = cs_kernels(g->dtype);
    const int64_t all = g->window.images * g->window.groups * a[0].in, in = inputs(a), out = outputs(a), lanes = k->lanes, size = k->size;
    const int64_t from = all * task / g->tasks, to = all * (task + 1) / g->tasks;
    const planes_task t = lay_out(g, scratch);
    for (int64_t next = from; next < to; next += lanes) {
        const int64_t p = cs_least(next, to - lanes); /* the last planes overlap those before */
        k->gather_planes(t.x, x + p * in * size, in, in);
        k->gather_planes(t.dy, dy + p * out * size, out, out);
        memset(t.dx, 0, (size_t)(in * lanes * size));
        k->planes_back(t.x, &t.windows, t.dy, t.dx);
        k->transpose(dx + p * in * size, in, t.dx, lanes, in, lanes);
    }
    (void)norm;
}

int cs_pool_planes_split(cs_pool_gradient *g, int64_t planes, int threads, int64_t widest)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const cs_table *k = cs_kernels(g->dtype);
    const int64_t all = planes * a[0].in, some = cs_most(k->lanes, TASK_BYTES / cs_most(1, inputs(a) * k->size));
    if (w->kind != CS_MAX || w->dtype != g->dtype || !k->planes_back || k->lanes == 1 || all < k->lanes) return 0;
    if (!cs_is_flat(&a[0]) || a[2].in > widest || outputs(a) == 0 || vector_bytes(g) > MOST_BYTES) return 0;
    g->tasks = cs_most(1, all / cs_most(k->lanes, cs_least(some, all / (4 * threads))));
    g->scratch = list_bytes(a) + vector_bytes(g) + 3 * LINE;
    g->run = run_planes;
    return 1;
}
