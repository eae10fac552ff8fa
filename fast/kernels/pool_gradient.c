/* The gradients of pooling: a task is a plane, or some columns of it where no window has two. */
#include <string.h>

#include "pool_gradient.h"
#include "pool_windows.h"

/* Planes of so many columns are better by vectors of them, of windows other than squares twice as many. */
enum { SHARE_COLUMNS = 1024, NARROW = 8 };

/* The outputs that see the input through tap t. */
static cs_range outputs_inside(const cs_axis *a, int64_t t, cs_range outputs)
{
    const int64_t at = a->first + t * a->gap;
    const int64_t from = at < 0 ? cs_ceil(-at, a->step) : 0, to = at < a->in ? cs_ceil(a->in - at, a->step) : 0;
    return (cs_range){cs_most(outputs.from, from), cs_least(outputs.to, to)};
}

static int columns_apart(const cs_axis *a)
{
    return a->taps == 1 && a->step == 1 && a->first == 0;
}

void cs_pool_gradient_split(cs_pool_gradient *g, int64_t images, int threads)
{
    cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t planes = images * w->groups;
    w->size = cs_kernels(w->dtype)->size, w->images = images;
    g->shares = 1, g->run = NULL;
    if (cs_pool_planes_split(g, planes, threads, NARROW) || cs_pool_quads_split(g, planes, threads) ||
        cs_pool_squares_split(g, planes, threads) || cs_pool_planes_split(g, planes, threads, 2 * NARROW) ||
        cs_pool_apart_split(g, planes, threads) || cs_pool_max_split(g, planes, threads) || cs_pool_boxes_split(g, planes, threads))
        return;
    if (columns_apart(&a[2]) && planes < 4 * threads)
        g->shares = cs_least(cs_ceil(a[2].out, SHARE_COLUMNS), cs_ceil(4 * threads, cs_most(1, planes)));
    g->tasks = planes * g->shares;
    g->scratch = a[2].out * (4 + 8 + 8) + 4 * 64;
}

/* One row of windows. */
typedef struct {
    const cs_pool_gradient *g;
    const cs_table *k, *kx;
    const char *x, *dy, *norm;
    char *dx;
    int64_t *counts;
    int32_t *places;
    char *slopes;
    cs_range columns;
    int64_t o0, o1;
} row_task;

static int64_t row_start(const row_task *t, int64_t t0, int64_t t1)
{
    const cs_axis *a = t->g->window.axis;
    return ((t->o0 * a[0].step + a[0].first + t0 * a[0].gap) * a[1].in + t->o1 * a[1].step + a[1].first + t1 * a[1].gap) *
           a[2].in;
}

static void greatest_row(const row_task *t, cs_range d, cs_range h, const char *dy)
{
    const cs_window *w = &t->g->window;
    const cs_axis *a = &w->axis[2];
    for (int64_t i = t->columns.from; i < t->columns.to; i++) t->places[i] = NOWHERE;
    for (int64_t t0 = d.from; t0 < d.to; t0++)
        for (int64_t t1 = h.from; t1 < h.to; t1++)
            for (int64_t t2 = 0; t2 < a->taps; t2++) {
                const cs_range o = outputs_inside(a, t2, t->columns);
                const int64_t place = row_start(t, t0, t1) + a->first + t2 * a->gap;
                if (o.from < o.to)
                    t->kx->choose_greatest(t->x + (place + o.from * a->step) * w->size, a->step, o.to - o.from,
                                           (int32_t)place, t->places + o.from, t->slopes + o.from * w->size);
            }
    t->k->add_at(t->dx, 0, w->axis[0].in * w->axis[1].in * a->in, t->columns.from * a->step, t->places + t->columns.from,
                 a->step, dy + t->columns.from * t->k->size, t->columns.to - t->columns.from);
}

/* What each window of the row passes on, before the factor that the element makes. */
static void make_slopes(const row_task *t, const char *dy, const char *norm)
{
    const cs_window *w = &t->g->window;
    const cs_axis *a = w->axis;
    const int64_t size = t->k->size, from = t->columns.from, n = t->columns.to - from;
    if (w->kind != CS_MEAN) {
        t->k->slopes(w->kind, t->slopes + from * size, dy + from * size, norm + from * size, n);
        return;
    }
    memcpy(t->slopes + from * size, dy + from * size, (size_t)(n * size));
    t->k->divide(t->slopes + from * size, t->counts + from, cs_tap_count(&a[0], t->o0) * cs_tap_count(&a[1], t->o1), n);
}

/* The last tap first: that is the order of the windows that see an element. */
static void pass_row(const row_task *t, cs_range d, cs_range h, const char *norm)
{
    const cs_window *w = &t->g->window;
    const cs_axis *a = &w->axis[2];
    const int64_t size = t->k->size, step = a->step;
    for (int64_t t0 = d.from; t0 < d.to; t0++)
        for (int64_t t1 = h.from; t1 < h.to; t1++)
            for (int64_t t2 = a->taps - 1; t2 >= 0; t2--) {
                const cs_range o = outputs_inside(a, t2, t->columns);
                if (o.from >= o.to) continue;
                const int64_t at = (row_start(t, t0, t1) + a->first + t2 * a->gap + o.from * step) * size;
                const int64_t n = o.to - o.from;
                t->k->pass_on(w->kind, t->dx + at, t->x + at, t->slopes + o.from * size, norm + o.from * size, step, n,
                              t->g->power);
            }
}

static void clear(const row_task *t, int64_t share)
{
    const cs_axis *a = t->g->window.axis;
    const int64_t size = t->k->size, from = a[2].in * share / t->g->shares, to = a[2].in * (share + 1) / t->g->shares;
    if (t->g->shares == 1) {
        memset(t->dx, 0, (size_t)(a[0].in * a[1].in * a[2].in * size));
        return;
    }
    for (int64_t r = 0; r < a[0].in * a[1].in; r++)
        memset(t->dx + (r * a[2].in + from) * size, 0, (size_t)((to - from) * size));
}

void cs_pool_gradient_run(const cs_pool_gradient *g, int64_t task, const void *x, const void *dy, const void *norm,
                          void *dx, void *scratch)
{
    if (g->run) {
        g->run(g, task, x, dy, norm, dx, scratch);
        return;
    }
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t share = task % g->shares, plane = task / g->shares, in = a[0].in * a[1].in * a[2].in;
    row_task t = {.g = g, .k = cs_kernels(g->dtype), .kx = cs_kernels(w->dtype)};
    const int64_t size = t.k->size;
    t.columns = (cs_range){a[2].out * share / g->shares, a[2].out * (share + 1) / g->shares};
    t.x = (const char *)x + plane * in * w->size, t.dx = (char *)dx + plane * in * size;
    t.dy = (const char *)dy + plane * w->y_plane * size, t.norm = (const char *)norm + plane * w->y_plane * size;
    t.counts = scratch, t.slopes = (char *)(t.counts + a[2].out);
    t.places = (int32_t *)(t.slopes + a[2].out * 8);
    clear(&t, share);
    for (int64_t i = t.columns.from; w->kind == CS_MEAN && i < t.columns.to; i++) t.counts[i] = cs_tap_count(&a[2], i);
    for (t.o0 = 0; t.o0 < a[0].out; t.o0++)
        for (t.o1 = 0; t.o1 < a[1].out; t.o1++) {
            const int64_t at = (t.o0 * a[0].y + t.o1 * a[1].y) * size;
            const cs_range d = cs_taps_inside(&a[0], t.o0), h = cs_taps_inside(&a[1], t.o1);
            if (d.from >= d.to || h.from >= h.to) continue;
            if (w->kind == CS_MAX) {
                greatest_row(&t, d, h, t.dy + at);
            } else {
                make_slopes(&t, t.dy + at, t.norm + at);
                pass_row(&t, d, h, t.norm + at);
            }
        }
}
