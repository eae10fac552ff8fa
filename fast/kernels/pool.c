/* Pooling, a box of outputs at a time. */
#include "pool.h"

enum { STRIP_BYTES = 64 << 10, MIXED_BYTES = 256 << 10, CHUNK_BYTES = 4 << 10, PLANES_BYTES = 128 << 10, COLUMN_BYTES = 1 << 20 };
/* Of a task; a thread has TASKS of them, so that others may take some, or fewer, not to be shorter than that. */
enum { TASK_CYCLES = 100000, SHORT_CYCLES = 20000, TASKS = 4 };
enum { NEAR_BYTES = 20 << 10, LEAST_ROWS = 8 };

/* Clock cycles for a plane of results: vectors of outputs by their taps, and rows brought. */
double cs_pool_cycles(const cs_window *w)
{
    const cs_axis *a = w->axis;
    const double rows = (double)a[1].out, taps = (double)(a[0].taps * a[1].taps);
    const double across = (double)cs_ceil(a[2].out, w->lanes), lines = (double)cs_ceil(a[2].in, w->lanes);
    const double each = w->kind == CS_POWER ? 100.0 * (double)w->lanes : 1.5;
    if (cs_pool_by_squares(w))
        return rows * (double)cs_ceil(a[2].out, cs_square_kernels(w)->lanes) * (4 + 2.0 * (double)(a[2].taps * a[2].step));
    if (w->kind == CS_MAX) return rows * (20 + lines * (taps * 1.5 + 2) + across * (double)a[2].taps * each);
    return rows * (20 + lines * 2 * (double)cs_least(a[1].step, a[1].taps) + across * taps * (double)a[2].taps * each);
}

/* Whether the rows that a box sees are too many for a cache. */
static int too_high(const cs_window *w)
{
    if (cs_pool_mixed(w)) return cs_pool_seen(w, w->height) * w->axis[0].taps * w->x[1] * w->size > MIXED_BYTES;
    const int64_t strips = cs_pool_strips(w, w->height) * cs_pool_pitch(w) * w->size;
    const int64_t wide = cs_pool_seen(w, w->height) * w->axis[0].taps * w->axis[2].in * w->lanes * w->size;
    return strips > STRIP_BYTES || (cs_pool_by_planes(w) && wide > PLANES_BYTES);
}

void cs_pool_split(cs_window *w, int threads)
{
    const cs_axis *a = w->axis;
    const int64_t planes = w->images * w->groups;
    w->width = a[2].out, w->height = a[1].out, w->shares = 1;
    const int64_t least = cs_most(1, CHUNK_BYTES / w->size);
    if (cs_pool_pitch(w) > 2 * least * a[2].taps) w->width = cs_ceil(a[2].out, cs_ceil(a[2].out, least));
    while (w->width > 1 && cs_pool_columns(w) * (cs_pool_mixed(w) ? w->groups : 1) * w->size > COLUMN_BYTES) w->width = cs_ceil(w->width, 2);
    while (w->height > 1 && too_high(w)) w->height = cs_ceil(w->height, 2);
    while (cs_pool_mixed(w) && w->height > 1 && threads > 1 && w->images * cs_ceil(a[1].out, w->height) < TASKS * threads)
        w->height = cs_ceil(w->height, 2);
    w->height = cs_ceil(a[1].out, cs_ceil(a[1].out, w->height));
    w->height_tasks = cs_ceil(a[1].out, w->height), w->width_tasks = cs_ceil(a[2].out, w->width);
    const int64_t boxes = a[0].out * w->height_tasks * w->width_tasks;
    const double each = w->cost / (double)boxes;
    const int64_t some = cs_most(1, cs_least(TASKS, (int64_t)(w->cost * (double)planes / threads / SHORT_CYCLES)));
    w->planes = cs_most(1, cs_least((int64_t)(TASK_CYCLES / each), planes * boxes / (some * threads)));
    w->planes = cs_most(cs_pool_by_planes(w) ? w->lanes : 1, cs_least(w->planes, planes));
    if (cs_pool_mixed(w)) w->planes = w->groups * cs_least(w->images, cs_most(1, w->planes / w->groups));
    w->plane_tasks = cs_most(1, planes / w->planes);
    w->tasks = w->plane_tasks * boxes;
    w->scratch = cs_pool_scratch(w);
}

/* Whether there is one window, of neighbouring rows in their whole length: its inputs are neighbours. */
static int is_whole(const cs_planes *p)
{
    if (p->rows.count != 1 || p->width != 1 || p->gap != 1 || p->first[0] != 0 || p->end[0] != p->in) return 0;
    for (int64_t i = 1; i < p->rows.from[1]; i++)
        if (p->rows.starts[i] != p->rows.starts[i - 1] + p->in) return 0;
    return p->rows.from[1] > 0;
}

/* The windows of rows of a few planes, from a column of them on. */
static cs_planes columns(const cs_pool_state *t, const cs_pooling *p, int64_t left)
{
    const cs_axis *a = &t->w->axis[2];
    int64_t *first = t->columns, *end = first + t->w->width;
    cs_list_columns(a, left, p->width, first, end);
    return (cs_planes){p->rows, a->in, p->width, a->gap, first, end, p->divisors, p->row_divisors};
}

/* The planes [from, to), a vector of them at a time: the last overlaps the one before. y: the first result of plane 0. */
static void run_planes(cs_pool_state *t, const cs_pooling *p, cs_pool_box b, int64_t from, int64_t to, const char *x,
                       char *y)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const int64_t size = w->size, rows = p->rows.count, low = cs_most(0, b.h0 * a[1].step + a[1].first);
    const int64_t each = cs_pool_seen(w, rows), high = cs_least(a[1].in, low + each);
    const int64_t plane = w->x_channel;
    char *tile = t->spare, *strips = tile + rows * p->width * w->lanes * size;
    const cs_planes q = columns(t, p, b.w0);
    const cs_range taps = cs_taps_inside(&a[0], b.d);
    const int64_t d = b.d * a[0].step + a[0].first;
    if (is_whole(&q) && taps.to - taps.from == 1 && q.rows.starts[0] == 0) {
        const char *seen = x + (from * plane + (d + taps.from * a[0].gap) * w->x[0] + low * w->x[1]) * size;
        cs_short_kernels(w->dtype)->whole[w->kind](seen, plane, to - from, q.rows.from[1] * a[2].in, p->divisors,
                                                   y + from * w->y_plane * size, w->y_plane);
        return;
    }
    for (int64_t next = from; next < to; next += w->lanes) {
        const int64_t n = cs_least(next, to - w->lanes);
        for (int64_t i = taps.from; i < taps.to; i++) {
            const char *seen = x + (n * plane + (d + i * a[0].gap) * w->x[0] + low * w->x[1]) * size;
            t->k->gather_planes(strips + i * each * a[2].in * w->lanes * size, seen, plane, (high - low) * a[2].in);
        }
        t->k->planes[w->kind](strips, &q, tile, strips + a[0].taps * each * a[2].in * w->lanes * size);
        t->k->transpose(y + n * w->y_plane * size, w->y_plane, tile, w->lanes, rows * p->width, w->lanes);
    }
}

/* The planes of an image, which are neighbours in x, and in the result or in a tile for each row of it. */
static void run_mixed(const cs_pool_state *t, const cs_pooling *p, int64_t left, const char *x, char *y)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const int64_t rows = p->rows.count, there = w->y_plane == 1;
    cs_mixed_planes m = {columns(t, p, left), w->groups, w->x[2], a[1].y, there ? a[2].y : w->groups};
    if (there) {
        t->k->mixed[w->kind](x, &m, y);
        return;
    }
    for (int64_t r = 0; r < rows; r++, m.windows.rows.from++) {
        m.windows.rows.count = 1;
        if (p->row_divisors) m.windows.row_divisors = p->row_divisors + r;
        t->k->mixed[w->kind](x, &m, t->spare);
        cs_turn_pixels(t->k, y + r * a[1].y * w->size, w->y_plane, t->spare, w->groups, p->width);
    }
}

/* The planes [from, to), a band of rows at a time whose inputs fit into the first-level cache, or, of windows that have no row in
 * common, all of them. */
static void run_squares(const cs_pool_state *t, cs_squares q, int64_t from, int64_t to, const char *x, char *y)
{
    const cs_window *w = t->w;
    const cs_table *k = cs_square_kernels(w);
    const int64_t *rows = q.rows, *divisors = q.row_divisors;
    const int quads = cs_pool_by_quads(w);
    const int64_t count = q.count, near = cs_most(LEAST_ROWS, NEAR_BYTES / (q.in * w->size) / q.step), some = quads ? count : near;
    q.ahead = quads ? LATER : (count > some ? some * q.step * w->x[1] : w->x_channel) * w->size;
    for (int64_t n = from; n < to; n++) {
        const char *plane = x + (n / w->groups * w->x_image + n % w->groups * w->x_channel) * w->size;
        for (int64_t top = 0; top < count; top += some) {
            q.rows = rows + top * q.step, q.row_divisors = divisors + top, q.count = cs_least(some, count - top);
            (quads ? k->quads : k->squares)[w->kind](plane, &q, y + (n * w->y_plane + top * q.ldy) * w->size);
        }
    }
}

void cs_pool_task(const cs_window *w, int64_t i, const void *x, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t column = i % w->width_tasks, row = i / w->width_tasks % w->height_tasks;
    const int64_t rest = i / w->width_tasks / w->height_tasks, share = rest / a[0].out, planes = w->images * w->groups;
    const cs_pool_box b = {rest % a[0].out, a[1].out * row / w->height_tasks, a[1].out * (row + 1) / w->height_tasks,
                           a[2].out * column / w->width_tasks, a[2].out * (column + 1) / w->width_tasks};
    const int64_t each = cs_pool_mixed(w) ? w->groups : 1, all = planes / each;
    const int64_t from = all * share / w->plane_tasks * each, to = all * (share + 1) / w->plane_tasks * each;
    char *first = (char *)y + (w->y_base + b.d * a[0].y + b.h0 * a[1].y + b.w0 * a[2].y) * w->size;
    cs_pool_state t;
    cs_pool_lay_out(&t, w, scratch);
    if (cs_pool_by_squares(w)) {
        run_squares(&t, cs_pool_squares(&t, b), from, to, x, first);
        return;
    }
    const cs_pooling p = cs_pool_describe(&t, b);
    if (cs_pool_by_planes(w)) {
        run_planes(&t, &p, b, from, to, x, first);
        return;
    }
    if (cs_pool_mixed(w)) {
        for (int64_t n = from / w->groups; n < to / w->groups; n++)
            run_mixed(&t, &p, b.w0, (const char *)x + n * w->x_image * w->size, first + n * w->y_image * w->size);
        return;
    }
    if (p.news && p.kept) t.k->pad(&p, t.strips);
    for (int64_t n = from; n < to; n++) {
        const int64_t place = n / w->groups * w->x_image + n % w->groups * w->x_channel;
        t.k->pool[w->kind]((const char *)x + place * w->size, &p, first + n * w->y_plane * w->size, t.strips, t.spare);
    }
}
