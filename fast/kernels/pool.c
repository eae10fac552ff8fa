/* Pooling, a box of outputs at a time: all planes of a task have the same lists of rows, made once. A sum runs over the
 * rows of its windows in order, each brought into a strip once; a maximum is taken over them while they are brought. */
#include <string.h>

#include "window.h"

enum { STRIP_BYTES = 64 << 10, CHUNK_BYTES = 4 << 10, TASK_CYCLES = 100000, PLANES_BYTES = 128 << 10, EDGES = 4 };

typedef struct {
    const cs_window *w;
    const cs_table *k;
    int64_t *places, *counts; /* places: where a row of a plane is among the strips */
    int64_t *from, *starts;   /* the rows of the windows */
    int64_t *news, *brought;  /* the rows that are brought */
    int64_t *numbers;         /* 0, 1, 2 ... */
    int64_t *off, *row_divisors, *columns; /* columns: the first and the end of each window */
    cs_span *spans;
    cs_strip strip;
    int64_t pitch, here; /* elements of a strip; whether rows are read in place */
    char *divisors, *strips, *spare;
} state;

static cs_layout layout(const cs_window *w)
{
    return cs_lay_out(&w->axis[2], w->width);
}

/* Elements of a strip: runs whose first inputs are aligned to vectors. */
static int64_t pitch(const cs_window *w)
{
    const cs_layout l = layout(w);
    return l.slots * (cs_ceil(l.length, w->lanes) + 1) * w->lanes;
}

/* The windows of a row that do not reach beyond its edges. */
static int64_t interior(const cs_axis *a, int64_t *to)
{
    const int64_t from = a->first < 0 ? cs_ceil(-a->first, a->step) : 0, last = a->first + (a->taps - 1) * a->gap;
    *to = last < a->in ? cs_least(a->out, (a->in - 1 - last) / a->step + 1) : 0;
    return from;
}

/* Whether windows are read where they are: all but a few lie between the edges, and they are side by side, or two apart
 * with their taps in pairs. A maximum over more of them is better taken over the rows first. */
static int in_place(const cs_window *w)
{
    const cs_axis *a = &w->axis[2];
    int64_t to;
    const int64_t from = interior(a, &to);
    if (to - from < w->lanes || a->out - (to - from) > EDGES || a->taps > EDGES) return 0;
    return a->step == 1 ? w->kind != CS_MAX || a->taps == 1
                        : a->step == 2 && a->gap == 1 && (w->kind != CS_MAX || a->taps == 2 || a->taps == 3);
}

/* Whether the rows are so short that vectors are better made of several planes. */
static int by_planes(const cs_window *w)
{
    return w->axis[2].out < w->lanes && w->axis[2].in <= 8 * w->lanes && w->images * w->groups >= w->lanes &&
           cs_kernels(w->dtype)->planes[w->kind];
}

/* Rows that a box of outputs may see, for each tap of the outermost axis. */
static int64_t seen_rows(const cs_window *w, int64_t height)
{
    const cs_axis *a = &w->axis[1];
    return cs_least(a->in, (height - 1) * a->step + cs_most(0, a->taps - 1) * a->gap + 1);
}

static int64_t window_rows(const cs_window *w)
{
    return cs_most(1, w->axis[0].taps * w->axis[1].taps);
}

static int64_t strip_rows(const cs_window *w, int64_t height)
{
    return w->kind == CS_MAX ? 2 * LEAD : cs_least(w->axis[0].taps * seen_rows(w, height), height * window_rows(w));
}

/* Clock cycles for a plane: vectors of outputs by their taps, and rows brought. */
double cs_pool_cycles(const cs_window *w)
{
    const cs_axis *a = w->axis;
    const double rows = (double)(a[0].out * a[1].out), taps = (double)(a[0].taps * a[1].taps);
    const double across = (double)cs_ceil(a[2].out, w->lanes), lines = (double)cs_ceil(a[2].in, w->lanes);
    const double each = w->kind == CS_POWER ? 100.0 * (double)w->lanes : 1.5;
    if (w->kind == CS_MAX) return rows * (20 + lines * (taps * 1.5 + 2) + across * (double)a[2].taps * each);
    return rows * (20 + lines * 2 * (double)cs_least(a[1].step, a[1].taps) + across * taps * (double)a[2].taps * each);
}

static int64_t scratch_bytes(const cs_window *w)
{
    const int64_t listed = w->height * window_rows(w), seen = w->axis[0].taps * seen_rows(w, w->height);
    const int64_t numbers = seen + w->width + w->axis[2].taps + 4 * (w->height + 1) + 2 * w->width + 3 * listed + 5 * layout(w).slots;
    const int64_t spare = cs_least(w->axis[2].in, w->width * w->axis[2].step + w->axis[2].taps * w->axis[2].gap);
    const int64_t wide = by_planes(w) ? w->lanes : 0, rows = w->axis[0].taps * seen_rows(w, w->height);
    const int64_t interleaved = wide * ((rows + 1) * w->axis[2].in + w->height * w->width);
    const int64_t elements = interleaved + w->width * w->height + strip_rows(w, w->height) * pitch(w) + spare + 3 * w->lanes;
    return numbers * 8 + elements * w->size + 256;
}

void cs_pool_split(cs_window *w, int threads)
{
    const cs_axis *a = w->axis;
    const int64_t planes = w->images * w->groups;
    w->width = a[2].out, w->height = a[1].out, w->shares = 1;
    const int64_t least = cs_most(1, CHUNK_BYTES / w->size);
    if (pitch(w) > 2 * least * a[2].taps) w->width = cs_ceil(a[2].out, cs_ceil(a[2].out, least));
    while (w->height > 1 && strip_rows(w, w->height) * pitch(w) * w->size > STRIP_BYTES) w->height = cs_ceil(w->height, 2);
    while (w->height > 1 && by_planes(w) && seen_rows(w, w->height) * a[0].taps * a[2].in * w->lanes * w->size > PLANES_BYTES)
        w->height = cs_ceil(w->height, 2);
    w->height = cs_ceil(a[1].out, cs_ceil(a[1].out, w->height));
    w->height_tasks = cs_ceil(a[1].out, w->height), w->width_tasks = cs_ceil(a[2].out, w->width);
    const int64_t boxes = a[0].out * w->height_tasks * w->width_tasks;
    const double each = w->cost / (double)boxes;
    w->planes = cs_most(1, cs_least((int64_t)(TASK_CYCLES / each), planes * boxes / (4 * threads)));
    w->planes = cs_most(by_planes(w) ? w->lanes : 1, cs_least(w->planes, planes));
    w->plane_tasks = cs_most(1, planes / w->planes);
    w->tasks = w->plane_tasks * boxes;
    w->scratch = scratch_bytes(w);
}

/* The range of taps of output o that lie at `low` or later and before `high`. */
static int64_t taps_inside(const cs_axis *a, int64_t o, int64_t *to)
{
    const int64_t start = o * a->step + a->first, from = start < 0 ? cs_ceil(-start, a->gap) : 0;
    *to = cs_least(a->taps, start < a->in ? cs_ceil(a->in - start, a->gap) : 0);
    return from;
}

static int64_t tap_count(const cs_axis *a, int64_t o)
{
    const int64_t start = o * a->step + a->mean_first;
    const int64_t from = start < a->low ? cs_ceil(a->low - start, a->gap) : 0;
    const int64_t to = start < a->high ? cs_ceil(a->high - start, a->gap) : 0;
    return cs_most(0, cs_least(a->mean_taps, to) - from);
}

/* A row of the plane, as the sums find it: in x, or in the strip, where each is brought once. */
static int64_t row_place(state *t, int64_t row, int64_t seen, int64_t *brought)
{
    if (by_planes(t->w)) return seen * t->w->axis[2].in;
    if (t->here || t->w->kind == CS_MAX) return row * t->w->axis[2].in;
    if (t->places[seen] < 0) {
        t->brought[*brought] = row * t->w->axis[2].in;
        t->places[seen] = (*brought)++;
    }
    return t->places[seen] * t->pitch;
}

/* The rows of the windows of outputs (d, h), h0 <= h < h1. */
static void list_rows(state *t, int64_t d, int64_t h0, int64_t h1)
{
    const cs_axis *a = t->w->axis;
    const int64_t low = cs_most(0, h0 * a[1].step + a[1].first), each = seen_rows(t->w, h1 - h0);
    int64_t end0, end1, n = 0, brought = 0;
    const int64_t from0 = taps_inside(&a[0], d, &end0);
    for (int64_t i = 0; i < each * a[0].taps; i++) t->places[i] = -1;
    for (int64_t h = h0; h < h1; h++) {
        t->from[h - h0] = n;
        t->news[h - h0] = brought;
        const int64_t from1 = taps_inside(&a[1], h, &end1);
        for (int64_t t0 = from0; t0 < end0; t0++)
            for (int64_t t1 = from1; t1 < end1; t1++) {
                const int64_t p0 = d * a[0].step + a[0].first + t0 * a[0].gap,
                              p1 = h * a[1].step + a[1].first + t1 * a[1].gap;
                t->starts[n++] = row_place(t, p0 * a[1].in + p1, t0 * each + p1 - low, &brought);
            }
    }
    t->from[h1 - h0] = n;
    t->news[h1 - h0] = brought;
}

/* Where the runs of a strip start, and the places of the taps in it. */
static void list_columns(state *t, int64_t w0, int64_t w1)
{
    const cs_axis *a = &t->w->axis[2];
    const cs_layout l = layout(t->w);
    const cs_side side = {a, l};
    const int64_t count = l.length - (t->w->width - (w1 - w0));
    int64_t at;
    t->strip = (cs_strip){t->spans, l.slots, a->step, t->pitch, a->in, 0, t->w->fill};
    for (int64_t i = 0; i < l.slots; i++) {
        const cs_row r = cs_row_of(t->w, cs_slot_start(&side, i) + w0 * a->step, count);
        const int64_t early = r.inside % t->w->lanes, place = i * (t->pitch / l.slots) + (early ? t->w->lanes - early : 0);
        t->spans[i] = (cs_span){r.start, r.inside, r.outside, count, place};
        if (r.outside == r.inside) continue;
        t->strip.from = cs_least(t->strip.from, r.start + r.inside * a->step);
        t->strip.to = cs_most(t->strip.to, r.start + (r.outside - 1) * a->step + 1);
    }
    for (int64_t i = 0; i < a->taps; i++) {
        const int64_t slot = cs_tap_slot(&side, i, &at);
        t->off[i] = t->here ? w0 * a->step + a->first + i * a->gap : t->spans[slot].at + at;
    }
}

/* What the sums are divided by, a row for each number of taps along the other axes. */
static void list_divisors(state *t, int64_t d, int64_t h0, int64_t h1, int64_t w0, int64_t w1)
{
    const cs_axis *a = t->w->axis;
    int64_t rows = 0, last = -1;
    for (int64_t i = w0; i < w1; i++) t->counts[i - w0] = tap_count(&a[2], i);
    for (int64_t h = h0; h < h1; h++) {
        const int64_t times = tap_count(&a[0], d) * tap_count(&a[1], h);
        if (times != last) {
            t->k->divisors(t->divisors + rows * t->w->width * t->w->size, t->counts, times, w1 - w0);
            rows++, last = times;
        }
        t->row_divisors[h - h0] = (rows - 1) * t->w->width;
    }
}

static char *aligned(void *p)
{
    return (char *)(((uintptr_t)p + 63) & ~(uintptr_t)63);
}

static void lay_out(state *t, void *scratch)
{
    const cs_window *w = t->w;
    const int64_t listed = w->height * window_rows(w);
    t->places = (int64_t *)scratch;
    t->counts = t->places + w->axis[0].taps * seen_rows(w, w->height);
    t->off = t->counts + w->width;
    t->row_divisors = t->off + w->axis[2].taps;
    t->from = t->row_divisors + w->height + 1;
    t->news = t->from + w->height + 1;
    t->starts = t->news + w->height + 1;
    t->brought = t->starts + listed;
    t->numbers = t->brought + listed;
    t->columns = t->numbers + listed + 1;
    t->spans = (cs_span *)(t->columns + 2 * w->width);
    for (int64_t i = 0; i <= listed; i++) t->numbers[i] = i;
    t->divisors = aligned(t->spans + layout(w).slots);
    t->strips = aligned(t->divisors + (w->width * w->height + w->lanes) * w->size);
    t->spare = t->strips + (strip_rows(w, w->height) * t->pitch + w->lanes) * w->size;
}

/* All that the kernels need to know of a box. */
static cs_pooling describe(state *t, int64_t d, int64_t h0, int64_t h1, int64_t w0, int64_t w1)
{
    const cs_window *w = t->w;
    list_columns(t, w0, w1);
    list_rows(t, d, h0, h1);
    cs_pooling p = {.off = t->off, .taps = w->axis[2].taps, .width = w1 - w0, .ldy = w->axis[1].y, .power = w->power,
                    .strip = t->strip, .to = w1 - w0, .in = w->axis[2].in};
    p.rows = (cs_rows){h1 - h0, t->from, t->starts};
    if (w->kind == CS_MEAN) {
        list_divisors(t, d, h0, h1, w0, w1);
        p.divisors = t->divisors, p.row_divisors = t->row_divisors;
    }
    if (by_planes(w)) return p;
    if (t->here) {
        p.pairs = w->axis[2].step == 2;
        p.from = cs_most(0, interior(&w->axis[2], &p.to) - w0), p.to = cs_least(w1, p.to) - w0;
    } else if (w->kind == CS_MAX) { /* the rows of the windows are brought, and are then one row */
        p.kept = 2 * LEAD;
        for (int64_t h = 0; h < h1 - h0; h++) t->brought[h] = h % p.kept * t->pitch;
        p.brought = p.rows, p.news = t->numbers, p.rows = (cs_rows){h1 - h0, t->numbers, t->brought};
    } else {
        p.brought = (cs_rows){t->news[h1 - h0], t->numbers, t->brought}, p.news = t->news, p.kept = t->news[h1 - h0];
    }
    return p;
}

/* Whether there is one window, of neighbouring rows in their whole length: its inputs are neighbours. */
static int is_whole(const cs_planes *p)
{
    if (p->rows.count != 1 || p->width != 1 || p->gap != 1 || p->first[0] != 0 || p->end[0] != p->in) return 0;
    for (int64_t i = 1; i < p->rows.from[1]; i++)
        if (p->rows.starts[i] != p->rows.starts[i - 1] + p->in) return 0;
    return p->rows.from[1] > 0;
}

/* The planes [first, end), a vector of them at a time: the last overlaps the one before. */
static void run_planes(state *t, cs_pooling *p, int64_t d, int64_t low, int64_t first, int64_t end, const char *x, char *y)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const int64_t size = w->size, each = seen_rows(w, p->rows.count), high = cs_least(a[1].in, low + each);
    int64_t *from = t->columns, *to = from + w->width, last;
    char *tile = t->spare, *strips = tile + p->rows.count * p->width * w->lanes * size;
    for (int64_t o = 0; o < p->width; o++) {
        from[o] = o * a[2].step + a[2].first + taps_inside(&a[2], o, &last) * a[2].gap;
        to[o] = o * a[2].step + a[2].first + last * a[2].gap;
    }
    const cs_planes q = {p->rows, a[2].in, p->width, a[2].gap, from, to, p->divisors, p->row_divisors};
    const int64_t start = taps_inside(&a[0], d, &last), plane = a[0].in * a[1].in * a[2].in;
    const int whole = is_whole(&q) && last - start == 1 && q.rows.starts[0] == 0;
    for (int64_t next = first; next < end; next += w->lanes) {
        const int64_t n = cs_least(next, end - w->lanes);
        char *to_y = y + n * w->y_plane * size;
        if (whole) {
            const int64_t row = (d * a[0].step + a[0].first + start * a[0].gap) * a[1].in + low;
            t->k->whole[w->kind](x + (n * plane + row * a[2].in) * size, plane, q.rows.from[1] * a[2].in, p->divisors, to_y,
                                 w->y_plane);
            continue;
        }
        for (int64_t i = start; i < last; i++) {
            const int64_t row = (d * a[0].step + a[0].first + i * a[0].gap) * a[1].in + low;
            t->k->gather_planes(strips + i * each * a[2].in * w->lanes * size, x + (n * plane + row * a[2].in) * size, plane,
                             (high - low) * a[2].in);
        }
        t->k->planes[w->kind](strips, &q, tile, strips + a[0].taps * each * a[2].in * w->lanes * size);
        t->k->transpose(to_y, w->y_plane, tile, w->lanes, p->rows.count * p->width, w->lanes);
    }
}

void cs_pool_task(const cs_window *w, int64_t i, const void *x, void *y, void *scratch)
{
    const cs_axis *a = w->axis;
    const int64_t column = i % w->width_tasks, row = i / w->width_tasks % w->height_tasks,
                  rest = i / w->width_tasks / w->height_tasks, d = rest % a[0].out, first = w->images * w->groups * (rest / a[0].out) / w->plane_tasks;
    const int64_t h0 = a[1].out * row / w->height_tasks, h1 = a[1].out * (row + 1) / w->height_tasks;
    const int64_t w0 = a[2].out * column / w->width_tasks, w1 = a[2].out * (column + 1) / w->width_tasks;
    const int64_t planes = w->images * w->groups, end = planes * (rest / a[0].out + 1) / w->plane_tasks;
    state t = {.w = w, .k = cs_kernels(w->dtype), .pitch = pitch(w), .here = in_place(w)};
    lay_out(&t, scratch);
    cs_pooling p = describe(&t, d, h0, h1, w0, w1);
    const int64_t plane = a[0].in * a[1].in * a[2].in, place = w->y_base + d * a[0].y + h0 * a[1].y + w0;
    if (by_planes(w)) {
        run_planes(&t, &p, d, cs_most(0, h0 * a[1].step + a[1].first), first, end, x, (char *)y + place * w->size);
        return;
    }
    if (p.news && p.kept) t.k->pad(&p, t.strips);
    for (int64_t n = first; n < end; n++)
        t.k->pool[w->kind]((const char *)x + n * plane * w->size, &p, (char *)y + (n * w->y_plane + place) * w->size,
                           t.strips, t.spare);
}
