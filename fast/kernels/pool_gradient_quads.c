/* The gradients of windows of two rows and two columns, two apart: a task is some rows of windows, of one plane or several. */
#include <string.h>

#include "pool.h"
#include "pool_gradient.h"
#include "pool_windows.h"

enum { TASK_BYTES = 256 << 10, LINE = 64 };

/* Rows or columns two by two from the first on, or from windows on that see none. */
static int by_twos(const cs_axis *a)
{
    return a->in > 0 && a->taps == 2 && a->step == 2 && a->gap == 1 && a->first <= 0 && a->first % 2 == 0 && a->out + a->first / 2 >= a->in / 2;
}

typedef struct {
    const cs_pool_gradient *g;
    int64_t *counts, times; /* taps of each column of windows, and of a row of those whose divisors are listed */
    char *divisors;
} quads_task;

/* Rows of windows from row o on, at most `some`, that means divide alike, by what is then listed. */
static int64_t alike(quads_task *t, int64_t o, int64_t some)
{
    const cs_axis *a = t->g->window.axis, *h = &a[1];
    const int64_t times = cs_tap_count(h, o), first = o * h->step + h->mean_first;
    if (times != t->times) cs_kernels(t->g->dtype)->divisors(t->divisors, t->counts, cs_tap_count(&a[0], 0) * times, a[2].out);
    t->times = times;
    const int64_t inside = cs_floor(h->high - h->mean_taps - first, h->step); /* beyond this one, which has all its taps */
    return times < h->mean_taps ? 1 : cs_least(some, cs_most(0, inside) + 1);
}

/* Rows [from, to) of windows of a plane, by the elements that they see; those beyond the last, and before the first, pass
 * nothing on. */
static void run_rows(quads_task *t, cs_quads q, cs_range rows)
{
    const cs_window *w = &t->g->window;
    const cs_table *k = cs_kernels(t->g->dtype);
    const cs_axis *h = &w->axis[1], *v = &w->axis[2];
    const int64_t before = -v->first / 2, above = -h->first / 2, line = v->in * k->size, step = h->y * k->size;
    const int64_t there = cs_most(rows.from, cs_least(rows.to, h->out - above)), end = cs_least(2 * rows.to, h->in);
    const char *x = q.x, *dy = q.dy, *norm = q.norm;
    char *dx = q.dx;
    q.width = cs_least(v->out - before, cs_ceil(v->in, 2)), q.ldy = h->y, q.in = v->in;
    q.divisors = t->divisors + before * k->size, q.ahead = cs_ceil(LATER, 2 * line) * 2 * line;
    for (int64_t r = rows.from; r < there; r += q.rows) {
        const int64_t y = (r + above) * step + before * k->size;
        q.rows = w->kind == CS_MEAN ? alike(t, r + above, there - r) : there - r, q.height = h->in - 2 * r;
        q.dy = dy + y, q.norm = norm ? norm + y : NULL, q.x = x ? x + 2 * r * line : NULL, q.dx = dx + 2 * r * line;
        k->quads_back[w->kind](&q);
    }
    if (2 * there < end) memset(dx + 2 * there * line, 0, (size_t)((end - 2 * there) * line));
}

static void run_quads(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                     char *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t size = cs_kernels(g->dtype)->size, in = a[1].in * a[2].in * size, rows = cs_ceil(a[1].in, 2);
    const int64_t end = cs_least(w->images * w->groups * a[0].in * rows, (task + 1) * g->rows), last = end / rows;
    quads_task t = {.g = g, .counts = (int64_t *)scratch, .times = -1, .divisors = cs_aligned((int64_t *)scratch + a[2].out)};
    for (int64_t j = 0; w->kind == CS_MEAN && j < a[2].out; j++) t.counts[j] = cs_tap_count(&a[2], j);
    for (int64_t i = task * g->rows, next; i < end; i = next) {
        const int64_t p = i / rows, y = (p / a[0].in * w->y_plane + p % a[0].in * a[0].y) * size;
        const cs_quads q = {.x = x ? x + p * in : NULL, .dy = dy + y, .norm = norm ? norm + y : NULL, .dx = dx + p * in,
                            .end = dx + last * in + end % rows * 2 * a[2].in * size};
        next = cs_least(end, (p + 1) * rows);
        run_rows(&t, q, (cs_range){i - p * rows, next - p * rows});
    }
}

int cs_pool_quads_split(cs_pool_gradient *g, int64_t planes, int threads)
{
    const cs_window *w = &g->window;
    const cs_axis *d = &w->axis[0], *h = &w->axis[1], *v = &w->axis[2];
    const int64_t size = cs_kernels(g->dtype)->size, all = planes * d->in * cs_ceil(h->in, 2);
    if (!cs_kernels(g->dtype)->quads_back[w->kind] || (w->kind != CS_MEAN && w->dtype != g->dtype)) return 0;
    if (!cs_is_flat(d) || !by_twos(h) || !by_twos(v)) return 0;
    g->rows = cs_most(1, cs_least(TASK_BYTES / (2 * v->in * size), all / (4 * threads)));
    g->tasks = cs_ceil(all, g->rows);
    g->scratch = v->out * (8 + size) + 2 * LINE;
    g->run = run_quads;
    return 1;
}
