/* The gradient of maxima along one axis or two: the greatest element of each window in a row of x, once for all windows that see
 * that row, then of the rows of a window, and the window's dy is added there, windows in order. A task is some planes, or some
 * rows of one, to which windows add that see them and others. */
#include <string.h>

#include "pool_gradient.h"
#include "pool_windows.h"

enum { TASK_BYTES = 256 << 10, RING_BYTES = 1 << 20, LINE = 64 };

typedef struct {
    const cs_pool_gradient *g;
    const cs_table *k, *kx;
    cs_range rows, inside, *ends; /* of elements; windows of a row that do not reach beyond it; the taps of the others */
    int64_t ring, line, next, cleared; /* rows of the ring, elements of each; the next rows of elements to be seen, to be set to 0 */
    cs_greatest *seen;
    int32_t *where, *chosen;
    char *greatest, *copy; /* copy: of a row, with room for a vector of windows */
    int64_t lanes;
} max_task;

static int64_t span_of(const cs_axis *a)
{
    return (a->taps - 1) * a->gap;
}

static int64_t scratch_bytes(const cs_pool_gradient *g)
{
    const cs_axis *h = &g->window.axis[1], *v = &g->window.axis[2];
    const int64_t line = v->out + LINE, ring = span_of(h) + 1;
    const int64_t copy = (LINE * v->step + span_of(v)) * g->window.size;
    return line * (ring * (g->window.size + 4) + 4) + copy + h->taps * (int64_t)sizeof(cs_greatest) +
           v->out * (int64_t)sizeof(cs_range) + 4 * LINE;
}

/* Where row i is in the ring. */
static int64_t slot(const max_task *t, int64_t i)
{
    return (uint32_t)i % (uint32_t)t->ring;
}

/* The greatest elements of row i of x for the windows of a row: those that do not reach beyond it, whole vectors of them, then
 * those at its ends, which have fewer taps. */
static void see(const max_task *t, const char *x, int64_t i)
{
    const cs_axis *v = &t->g->window.axis[2];
    const int64_t size = t->kx->size, at = slot(t, i) * t->line, from = t->inside.from, n = t->inside.to - from;
    char *greatest = t->greatest + at * size;
    int32_t *where = t->where + at;
    x += i * v->in * size;
    const char *first = x + (from * v->step + v->first) * size;
    if (n > 0 && n < t->lanes) {
        memcpy(t->copy, first, (size_t)((n - 1) * v->step + span_of(v) + 1) * (size_t)size);
        first = t->copy;
    }
    if (n > 0)
        t->kx->greatest_of_row(first, v->step, v->taps, v->gap, cs_most(n, t->lanes), 0, greatest + from * size, where + from);
    for (int64_t k = 0; k < v->out - cs_most(0, n); k++) {
        const int64_t j = k < from ? k : k + cs_most(0, n), start = t->ends[k].from;
        where[j] = NOWHERE;
        if (start < t->ends[k].to)
            t->kx->greatest_of_row(x + (j * v->step + v->first + start * v->gap) * size, v->step, t->ends[k].to - start, v->gap,
                                   1, (int32_t)(start * v->gap), greatest + j * size, where + j);
    }
}

/* The windows of row o add to what they choose. */
static void add(max_task *t, int64_t o, const char *x, const char *dy, char *dx)
{
    const cs_axis *h = &t->g->window.axis[1], *v = &t->g->window.axis[2];
    const int64_t first = o * h->step + h->first, size = t->k->size;
    const cs_range r = cs_taps_inside(h, o);
    if (r.from >= r.to) return;
    const int64_t bottom = first + (r.to - 1) * h->gap + 1;
    for (int64_t i = cs_most(t->next, cs_most(0, first)); i < bottom; i++) see(t, x, i); /* others may see those between */
    t->next = cs_most(t->next, bottom);
    const int64_t needed = cs_least(bottom, t->rows.to);
    if (needed > t->cleared) memset(dx + t->cleared * v->in * size, 0, (size_t)((needed - t->cleared) * v->in * size));
    t->cleared = cs_most(t->cleared, needed);
    for (int64_t k = r.from; k < r.to; k++) {
        const int64_t at = slot(t, first + k * h->gap) * t->line;
        t->seen[k - r.from] = (cs_greatest){t->greatest + at * t->kx->size, t->where + at, k * h->gap * v->in};
    }
    t->kx->greatest_of_rows(t->seen, r.to - r.from, v->out, t->chosen);
    t->k->add_at(dx, t->rows.from * v->in, t->rows.to * v->in, first * v->in + v->first, t->chosen, v->step, dy, v->out);
}

static void run_max(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                   char *scratch)
{
    (void)norm;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis, *h = &a[1], *v = &a[2];
    const int64_t share = task % g->tall, first = task / g->tall * g->planes, in = h->in * v->in;
    max_task t = {.g = g, .k = cs_kernels(g->dtype), .kx = cs_kernels(w->dtype), .ring = span_of(h) + 1, .line = v->out + LINE};
    t.rows = (cs_range){h->in * share / g->tall, h->in * (share + 1) / g->tall};
    t.seen = (cs_greatest *)scratch, t.ends = (cs_range *)(t.seen + h->taps);
    t.where = (int32_t *)cs_aligned(t.ends + v->out);
    t.chosen = t.where + t.ring * t.line, t.greatest = cs_aligned(t.chosen + t.line);
    t.copy = t.greatest + t.ring * t.line * t.kx->size, t.lanes = t.kx->lanes;
    t.inside.from = cs_least(v->out, v->first < 0 ? cs_ceil(-v->first, v->step) : 0);
    const int64_t last = v->in - 1 - v->first - span_of(v);
    t.inside.to = last < 0 ? t.inside.from : cs_most(t.inside.from, cs_least(v->out, last / v->step + 1));
    for (int64_t j = 0, k = 0; j < v->out; j++)
        if (j < t.inside.from || j >= t.inside.to) t.ends[k++] = cs_taps_inside(v, j);
    const int64_t before = t.rows.from - h->first - span_of(h), end = t.rows.to - 1 - h->first;
    const cs_range windows = {before > 0 ? cs_ceil(before, h->step) : 0, end < 0 ? 0 : cs_least(h->out, end / h->step + 1)};
    for (int64_t p = first; p < cs_least(w->images * w->groups * a[0].in, first + g->planes); p++) {
        const int64_t out = (p / a[0].in * w->y_plane + p % a[0].in * a[0].y) * t.k->size;
        char *to = dx + p * in * t.k->size;
        t.next = 0, t.cleared = t.rows.from;
        for (int64_t o = windows.from; o < windows.to; o++)
            add(&t, o, x + p * in * t.kx->size, dy + out + o * h->y * t.k->size, to);
        memset(to + t.cleared * v->in * t.k->size, 0, (size_t)((t.rows.to - t.cleared) * v->in * t.k->size));
    }
}

int cs_pool_max_split(cs_pool_gradient *g, int64_t planes, int threads)
{
    const cs_axis *a = g->window.axis, *h = &a[1];
    if (g->window.kind != CS_MAX || h->step * a[2].step == 1 || !cs_is_flat(&a[0]) || scratch_bytes(g) > RING_BYTES)
        return 0;
    const int64_t all = planes * a[0].in, bytes = h->in * a[2].in * g->window.size;
    g->tall = cs_most(1, cs_least(h->in / (8 * h->taps), cs_ceil(4 * threads, cs_most(1, all))));
    g->planes = cs_most(1, cs_least(TASK_BYTES / bytes, all / (4 * threads)));
    g->tasks = cs_ceil(all, g->planes) * g->tall;
    g->scratch = scratch_bytes(g);
    g->run = run_max;
    return 1;
}
