/* The gradients of pooling along one axis or two, a box of elements at a time. Every window that sees one of them decides
 * what it passes on, again where boxes share it, in runs in which neighbouring windows see neighbours through each tap;
 * then each element takes what windows pass on, in their order. So no element is written twice. */
#include <string.h>

#include "pool_gradient.h"
#include "pool_windows.h"

enum { BOX_BYTES = 256 << 10, TASK_BYTES = 512 << 10, LONGEST_STEP = 4, MOST_TAPS = 64, LINE = 64 };

/* Elements [from, to) along an axis, and the windows that see them: window first + i sees element start + i * step + t * gap
 * through tap t, so in groups of `step` elements it sees group i and up to `most` groups after it. */
typedef struct {
    const cs_axis *axis;
    int64_t from, to, first, windows, start, groups, most;
} side;

typedef struct {
    const cs_pool_gradient *g;
    const cs_table *k, *kx;
    side h, v;
    int64_t pitch; /* windows from row to row */
    int64_t *shifts, *terms, *ends, *offsets, *starts, *counts; /* ends: of the taps through which each run is seen */
    int32_t *chosen, *columns, *marks;
    char *x, *dx, *slopes;
} box_task;

static int64_t span_of(const cs_axis *a)
{
    return (a->taps - 1) * a->gap;
}

static side side_of(const cs_axis *a, int64_t from, int64_t to)
{
    const int64_t first = cs_most(0, cs_floor(from - a->first - span_of(a), a->step));
    const int64_t last = cs_least(a->out, cs_floor(to - 1 - a->first, a->step) + 1), start = a->first + first * a->step;
    return (side){.axis = a, .from = from, .to = to, .first = first, .windows = cs_most(0, last - first), .start = start,
                  .groups = (to - 1 - start) / a->step + 1, .most = span_of(a) / a->step};
}

/* At most so many groups, with those that windows see beyond, for n elements. */
static int64_t most_groups(const cs_axis *a, int64_t n)
{
    return (n + span_of(a)) / a->step + 2 + span_of(a) / a->step;
}

static int64_t lanes_of(const cs_pool_gradient *g)
{
    return cs_most(cs_kernels(g->dtype)->lanes, cs_kernels(g->window.dtype)->lanes);
}

/* Elements that kernels touch beyond a run. */
static int64_t beyond(const cs_pool_gradient *g)
{
    return (PASS_VECTORS + 1) * lanes_of(g);
}

/* Windows of a box with those before and after it; elements of its strips. */
static int64_t most_windows(const cs_pool_gradient *g, int64_t rows, int64_t columns)
{
    const cs_axis *a = g->window.axis;
    return (most_groups(&a[1], rows) + span_of(&a[1]) / a[1].step + 1) * most_groups(&a[2], columns) + 2 * beyond(g);
}

static int64_t most_elements(const cs_pool_gradient *g, int64_t rows, int64_t columns)
{
    const cs_axis *a = g->window.axis;
    return a[1].step * a[2].step * most_groups(&a[1], rows) * most_groups(&a[2], columns) + 2 * beyond(g);
}

static int64_t box_bytes(const cs_pool_gradient *g, int64_t rows, int64_t columns)
{
    const int64_t size = cs_kernels(g->dtype)->size;
    return most_windows(g, rows, columns) * (4 + 4 + size) + most_elements(g, rows, columns) * (g->window.size + size);
}

static void lay_out(box_task *t, char *scratch)
{
    const cs_axis *h = t->h.axis, *v = t->v.axis;
    const int64_t taps = h->taps * v->taps, tall = t->h.groups + t->h.most, front = t->h.most * t->pitch + t->v.most;
    const int64_t size = t->k->size, windows = front + t->h.groups * t->pitch + beyond(t->g);
    t->shifts = (int64_t *)scratch, t->terms = t->shifts + taps, t->offsets = t->terms + taps;
    t->ends = t->offsets + taps, t->starts = t->ends + h->step * v->step, t->counts = t->starts + tall;
    t->columns = (int32_t *)(t->counts + t->pitch);
    t->chosen = (int32_t *)cs_aligned(t->columns + t->pitch) + front;
    t->marks = t->chosen - front + windows;
    t->slopes = cs_aligned(t->marks + windows) + front * size;
    t->x = cs_aligned(t->slopes + (windows - front) * size);
    t->dx = cs_aligned(t->x + (h->step * v->step * tall * t->pitch + beyond(t->g)) * t->g->window.size);
    for (int64_t i = -front; i < 0; i++) t->chosen[i] = NOWHERE;
    memset(t->slopes - front * size, 0, (size_t)(windows * size));
    for (int64_t k = 0; k < taps; k++) {
        const int64_t p = k / v->taps * h->gap, q = k % v->taps * v->gap;
        t->offsets[k] = ((p % h->step * v->step + q % v->step) * tall + p / h->step) * t->pitch + q / v->step;
    }
}

/* The elements that the windows see: for each remainder of rows and columns by the step a run of its own. */
static void bring(const box_task *t, const char *x)
{
    const cs_axis *h = t->h.axis, *v = t->v.axis;
    const int64_t tall = t->h.groups + t->h.most;
    for (int64_t p = 0; p < h->step; p++) {
        for (int64_t i = 0; i < tall; i++) {
            const int64_t row = t->h.start + i * h->step + p;
            t->starts[i] = row < 0 || row >= h->in ? ROW_OUTSIDE : row * v->in;
        }
        for (int64_t q = 0; q < v->step; q++) {
            const cs_row row = cs_row_of(&t->g->window, t->v.start + q, v->step, t->pitch);
            t->kx->copy_rows(t->x + (p * v->step + q) * tall * t->pitch * t->g->window.size, 0, t->pitch, x, t->starts,
                             tall, &row);
        }
    }
}

/* Each window's first tap that exists, or of windows that are none nothing; for norms 0. */
static void mark_windows(const box_task *t)
{
    const int64_t kind = t->g->window.kind;
    for (int64_t j = 0; kind == CS_MEAN && j < t->v.windows; j++)
        t->counts[j] = cs_tap_count(t->v.axis, t->v.first + j);
    if (kind == CS_MEAN) return;
    const int64_t most = kind == CS_MAX, taps = t->v.axis->taps;
    for (int64_t j = 0; j < t->pitch; j++) {
        const cs_range c = j < t->v.windows ? cs_taps_inside(t->v.axis, t->v.first + j) : (cs_range){0, 0};
        t->columns[j] = c.from < c.to ? (int32_t)(most * c.from) : NOWHERE;
    }
    for (int64_t i = 0; i < t->h.groups; i++) {
        int32_t *to = t->marks + i * t->pitch;
        const cs_range r = i < t->h.windows ? cs_taps_inside(t->h.axis, t->h.first + i) : (cs_range){0, 0};
        const int32_t first = (int32_t)(most * r.from * taps);
        for (int64_t j = 0; j < t->pitch; j++) to[j] = r.from < r.to ? t->columns[j] + first : NOWHERE;
    }
}

/* What each window passes on, before the factor that an element makes; 0 where there is no window. */
static void make_slopes(const box_task *t, int64_t depth, const char *dy, const char *norm)
{
    const cs_axis *a = t->g->window.axis;
    const int64_t kind = t->g->window.kind, size = t->k->size, n = t->v.windows;
    for (int64_t i = 0; i < t->h.windows; i++) {
        char *to = t->slopes + i * t->pitch * size;
        const int64_t at = ((t->h.first + i) * a[1].y + t->v.first) * size;
        if (kind == CS_ABS || kind == CS_SQUARE) {
            t->k->slopes(kind, to, dy + at, norm + at, n);
        } else {
            memcpy(to, dy + at, (size_t)(n * size));
        }
        if (kind == CS_MEAN)
            t->k->divide(to, t->counts, cs_tap_count(&a[0], depth) * cs_tap_count(&a[1], t->h.first + i), n);
    }
}

/* The taps through which the runs of all remainders are seen, the last first: that is the order of the windows. */
static void list_taps(const box_task *t)
{
    const cs_axis *h = t->h.axis, *v = t->v.axis;
    int64_t count = 0;
    for (int64_t slot = 0; slot < h->step * v->step; slot++) {
        for (int64_t k = h->taps * v->taps - 1; k >= 0; k--) {
            const int64_t down = k / v->taps * h->gap, across = k % v->taps * v->gap;
            if (down % h->step * v->step + across % v->step != slot) continue;
            t->shifts[count] = down / h->step * t->pitch + across / v->step, t->terms[count++] = k;
        }
        t->ends[slot] = count;
    }
}

static void pass(const box_task *t)
{
    const cs_axis *h = t->h.axis, *v = t->v.axis;
    const int64_t run = t->h.groups * t->pitch, tall = t->h.groups + t->h.most;
    for (int64_t slot = 0; slot < h->step * v->step; slot++) {
        const int64_t from = slot ? t->ends[slot - 1] : 0;
        const cs_passing some = {run, t->ends[slot] - from, t->shifts + from, t->terms + from, t->chosen, t->slopes};
        t->k->pass(t->g->window.kind, &some, t->dx + slot * run * t->k->size, t->x + slot * tall * t->pitch * t->g->window.size);
    }
}

static void put(const box_task *t, char *dx)
{
    const cs_axis *h = t->h.axis, *v = t->v.axis;
    const int64_t run = t->h.groups * t->pitch, size = t->k->size;
    for (int64_t row = t->h.from; row < t->h.to; row++) {
        const int64_t p = row - t->h.start, first = p % h->step * v->step * run + p / h->step * t->pitch;
        t->k->weave(dx + (row * v->in + t->v.start) * size, v->step, t->dx + first * size, run, t->v.from - t->v.start,
                    t->v.to - t->v.start);
    }
}

static void run_box(const box_task *t, int64_t depth, const char *x, const char *dy, const char *norm, char *dx)
{
    const cs_window *w = &t->g->window;
    if (w->kind == CS_MAX) memcpy(t->chosen, t->marks, (size_t)(t->h.groups * t->pitch * 4));
    if (w->kind != CS_MEAN) bring(t, x);
    if (w->kind == CS_MAX)
        t->kx->choose_terms(t->x, t->offsets, w->axis[1].taps * w->axis[2].taps, t->h.windows * t->pitch, t->chosen);
    make_slopes(t, depth, dy, norm);
    pass(t);
    put(t, dx);
}

static void run_boxes(const cs_pool_gradient *g, int64_t task, const char *x, const char *dy, const char *norm, char *dx,
                      char *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t j = task % g->wide, i = task / g->wide % g->tall, first = task / g->wide / g->tall * g->planes;
    const int64_t in = a[1].in * a[2].in, all = w->images * w->groups * a[0].in;
    box_task t = {.g = g, .k = cs_kernels(g->dtype), .kx = cs_kernels(w->dtype)};
    t.h = side_of(&a[1], i * a[1].in / g->tall, (i + 1) * a[1].in / g->tall);
    t.v = side_of(&a[2], j * a[2].in / g->wide, (j + 1) * a[2].in / g->wide);
    t.pitch = t.v.groups + t.v.most;
    lay_out(&t, scratch);
    mark_windows(&t);
    list_taps(&t);
    if (w->kind != CS_MEAN) memcpy(t.chosen, t.marks, (size_t)(t.h.groups * t.pitch * 4));
    for (int64_t p = first; p < cs_least(all, first + g->planes); p++) {
        const int64_t depth = p % a[0].in, out = (p / a[0].in * w->y_plane + depth * a[0].y) * t.k->size;
        run_box(&t, depth, x + p * in * w->size, dy + out, norm ? norm + out : norm, dx + p * in * t.k->size);
    }
}

int cs_pool_boxes_split(cs_pool_gradient *g, int64_t planes, int threads)
{
    const cs_axis *a = g->window.axis, *h = &a[1], *v = &a[2];
    const int64_t least = 16 * lanes_of(g), taps = h->taps * v->taps;
    if (g->window.kind == CS_POWER || !cs_is_flat(&a[0]) || taps > MOST_TAPS || cs_most(h->step, v->step) > LONGEST_STEP)
        return 0;
    g->rows = h->in, g->columns = v->in;
    while (g->columns > least && box_bytes(g, 4 * h->taps, g->columns) > BOX_BYTES) g->columns = cs_ceil(g->columns, 2);
    while (g->rows > 1 && box_bytes(g, g->rows, g->columns) > BOX_BYTES) g->rows = cs_ceil(g->rows, 2);
    while (g->rows > 8 * h->taps && planes * cs_ceil(h->in, g->rows) < 2 * threads) g->rows = cs_ceil(g->rows, 2);
    g->tall = cs_ceil(h->in, g->rows), g->wide = cs_ceil(v->in, g->columns);
    const int64_t all = planes * a[0].in, bytes = box_bytes(g, g->rows, g->columns);
    g->planes = cs_most(1, cs_least(TASK_BYTES / bytes, all * g->tall * g->wide / (4 * threads)));
    g->tasks = cs_ceil(all, g->planes) * g->tall * g->wide;
    g->scratch = box_bytes(g, g->rows, g->columns) + 12 * LINE +
                 (3 * taps + h->step * v->step + most_groups(h, g->rows) + 2 * most_groups(v, g->columns)) * 8;
    g->run = run_boxes;
    return 1;
}
