/* What a box of pooled outputs sees: rows, columns and divisors, listed once for all planes of a task. A sum runs over
 * the rows of its windows in order, each brought into a strip once; a maximum is taken over them while they are brought. */
#include "pool.h"

enum { EDGES = 4, FEW_PLANES = 16 };

static cs_layout layout(const cs_window *w)
{
    return cs_lay_out(&w->axis[2], w->width);
}

/* Elements of a strip: runs whose first inputs are aligned to vectors. */
int64_t cs_pool_pitch(const cs_window *w)
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
 * with their taps in pairs, or are four of four. A maximum over more of them is better taken over the rows first. */
static int in_place(const cs_window *w)
{
    const cs_axis *a = &w->axis[2];
    int64_t to;
    const int64_t from = interior(a, &to);
    if (w->x[2] != 1 || to - from < w->lanes || a->out - (to - from) > EDGES || a->taps > EDGES) return 0;
    if (a->step == 1) return w->kind != CS_MAX || a->taps == 1;
    if (a->gap != 1) return 0;
    if (w->kind != CS_MAX) return a->step == 2;
    return a->step == 2 ? a->taps == 2 || a->taps == 3 : a->step == 4 && a->taps == 4;
}

/* Windows of two rows and two columns, two apart. */
int cs_pool_by_quads(const cs_window *w)
{
    return w->axis[1].taps == 2 && w->axis[1].step == 2 && w->axis[2].taps == 2 && w->axis[2].step == 2;
}

/* The squares that there are kernels for; short rows of those side by side are better made of several planes. */
static int is_square(const cs_window *w)
{
    const int64_t side = w->axis[2].taps, step = w->axis[2].step;
    if (step == 1) return side == 2 || side == 3 || side == SQUARE;
    if (cs_pool_by_quads(w) || (step == 2 && side == 3)) return 1;
    return w->kind == CS_MEAN && step == side && (side == 3 || side == 4) && w->lanes > 2 && w->axis[2].out >= w->lanes;
}

/* Windows that are squares of a few rows and columns, one or two apart or side by side, none of them beyond the ends of a row. */
int cs_pool_by_squares(const cs_window *w)
{
    const cs_axis *d = &w->axis[0], *h = &w->axis[1], *v = &w->axis[2];
    const cs_table *k = cs_short_kernels(w->dtype);
    const int quads = cs_pool_by_quads(w);
    if (!(quads ? k->quads : k->squares)[w->kind] || h->taps != v->taps || h->step != v->step || d->taps != 1) return 0;
    if (v->gap != 1 || h->gap != 1 || w->x[2] != 1) return 0;
    return is_square(w) && v->out >= k->lanes && v->first > -v->taps && v->first + (v->out - 1) * v->step < v->in;
}

/* Rows that squares may see, two rows of them at a time. */
static int64_t square_rows(const cs_window *w)
{
    return cs_pool_by_squares(w) ? (w->height + 1) * w->axis[1].step + w->axis[1].taps : 0;
}

/* The kernels whose vectors cover a row of windows with far fewer lanes, if those of 256 bits do: two of them cost more than
 * one of 512. */
const cs_table *cs_square_kernels(const cs_window *w)
{
    const cs_table *k = cs_kernels(w->dtype), *other = cs_short_kernels(w->dtype);
    const int64_t out = w->axis[2].out, lanes = cs_ceil(out, k->lanes) * k->lanes;
    const int64_t fewer = cs_ceil(out, other->lanes) * other->lanes;
    return 4 * fewer <= 3 * lanes || out < k->lanes ? other : k;
}

/* Whether the rows are so short, and one after the other, that vectors are better made of several planes. */
int cs_pool_by_planes(const cs_window *w)
{
    return !cs_pool_by_squares(w) && w->axis[2].out < w->lanes && w->axis[2].in <= 8 * w->lanes &&
           w->images * w->groups >= w->lanes && cs_kernels(w->dtype)->planes[w->kind] && w->x[2] == 1 &&
           w->x[1] == w->axis[2].in && (w->images == 1 || w->x_image == w->groups * w->x_channel);
}

int cs_pool_mixed(const cs_window *w)
{
    const int64_t least = w->size < 4 ? FEW_PLANES : 2; /* fewer of short elements are quicker one by one */
    return w->x_channel == 1 && w->x[2] != 1 && w->groups >= least && cs_kernels(w->dtype)->mixed[w->kind];
}

int64_t cs_pool_seen(const cs_window *w, int64_t height)
{
    const cs_axis *a = &w->axis[1];
    return cs_least(a->in, (height - 1) * a->step + cs_most(0, a->taps - 1) * a->gap + 1);
}

static int64_t window_rows(const cs_window *w)
{
    return cs_most(1, w->axis[0].taps * w->axis[1].taps);
}

int64_t cs_pool_strips(const cs_window *w, int64_t height)
{
    return w->kind == CS_MAX ? 2 * LEAD : cs_least(w->axis[0].taps * cs_pool_seen(w, height), height * window_rows(w));
}

/* A row of the plane, which starts at `row`, as the sums find it: in x, or in the strip, where each is brought once. */
static int64_t row_place(cs_pool_state *t, int64_t row, int64_t seen, int64_t *brought)
{
    if (cs_pool_by_planes(t->w)) return seen * t->w->axis[2].in;
    if (cs_pool_mixed(t->w) || t->here || t->w->kind == CS_MAX) return row;
    if (t->places[seen] < 0) {
        t->brought[*brought] = row;
        t->places[seen] = (*brought)++;
    }
    return t->places[seen] * t->pitch;
}

/* The rows of the windows. */
static void list_rows(cs_pool_state *t, cs_pool_box b)
{
    const cs_axis *a = t->w->axis;
    const int64_t low = cs_most(0, b.h0 * a[1].step + a[1].first), each = cs_pool_seen(t->w, b.h1 - b.h0);
    int64_t n = 0, brought = 0;
    const cs_range depth = cs_taps_inside(&a[0], b.d);
    for (int64_t i = 0; i < each * a[0].taps; i++) t->places[i] = -1;
    for (int64_t h = b.h0; h < b.h1; h++) {
        t->from[h - b.h0] = n;
        t->news[h - b.h0] = brought;
        const cs_range height = cs_taps_inside(&a[1], h);
        for (int64_t t0 = depth.from; t0 < depth.to; t0++)
            for (int64_t t1 = height.from; t1 < height.to; t1++) {
                const int64_t p0 = b.d * a[0].step + a[0].first + t0 * a[0].gap,
                              p1 = h * a[1].step + a[1].first + t1 * a[1].gap;
                t->starts[n++] = row_place(t, p0 * t->w->x[0] + p1 * t->w->x[1], t0 * each + p1 - low, &brought);
            }
    }
    t->from[b.h1 - b.h0] = n;
    t->news[b.h1 - b.h0] = brought;
}

/* Where the runs of a strip start, and the places of the taps in it. */
static void list_columns(cs_pool_state *t, cs_pool_box b)
{
    const cs_axis *a = &t->w->axis[2];
    const cs_layout l = layout(t->w);
    const cs_side side = {a, l};
    const int64_t count = l.length - (t->w->width - (b.w1 - b.w0));
    int64_t at;
    t->strip = (cs_strip){t->spans, l.slots, a->step, t->pitch, a->in, 0, t->w->fill, t->w->x[2]};
    for (int64_t i = 0; i < l.slots; i++) {
        const cs_row r = cs_row_of(t->w, cs_slot_start(&side, i) + b.w0 * a->step, a->step, count);
        const int64_t late = cs_ceil(r.inside, t->w->lanes) * t->w->lanes - r.inside;
        t->spans[i] = (cs_span){r.start, r.inside, r.outside, count, i * (t->pitch / l.slots) + late};
        if (r.outside == r.inside) continue;
        t->strip.from = cs_least(t->strip.from, r.start + r.inside * a->step);
        t->strip.to = cs_most(t->strip.to, r.start + (r.outside - 1) * a->step + 1);
    }
    for (int64_t i = 0; i < a->taps; i++) {
        const int64_t slot = cs_tap_slot(&side, i, &at);
        t->off[i] = t->here ? b.w0 * a->step + a->first + i * a->gap : t->spans[slot].at + at;
    }
}

int64_t cs_divisors_size(const cs_window *w)
{
    return cs_least(w->height, 2 * w->axis[1].mean_taps * w->axis[1].gap + 3) * w->width + w->lanes;
}

void cs_list_divisors(const cs_window *w, cs_pool_box b, int64_t *counts, void *divisors, int64_t *rows)
{
    const cs_axis *a = w->axis;
    int64_t n = 0, last = -1;
    for (int64_t i = b.w0; i < b.w1; i++) counts[i - b.w0] = cs_tap_count(&a[2], i);
    for (int64_t h = b.h0; h < b.h1; h++) {
        const int64_t times = cs_tap_count(&a[0], b.d) * cs_tap_count(&a[1], h);
        if (times != last) {
            cs_kernels(w->dtype)->divisors((char *)divisors + n * w->width * w->size, counts, times, b.w1 - b.w0);
            n++, last = times;
        }
        rows[h - b.h0] = (n - 1) * w->width;
    }
}

void cs_pool_lay_out(cs_pool_state *t, const cs_window *w, void *scratch)
{
    t->w = w, t->k = cs_kernels(w->dtype), t->pitch = cs_pool_pitch(w), t->here = in_place(w);
    const int64_t listed = w->height * window_rows(w);
    t->places = (int64_t *)scratch;
    t->counts = t->places + w->axis[0].taps * cs_pool_seen(w, w->height);
    t->off = t->counts + w->width;
    t->row_divisors = t->off + w->axis[2].taps;
    t->from = t->row_divisors + w->height + 1;
    t->news = t->from + w->height + 1;
    t->starts = t->news + w->height + 1;
    t->brought = t->starts + listed;
    t->numbers = t->brought + listed;
    t->columns = t->numbers + listed + 1;
    t->seen = t->columns + 2 * w->width;
    t->spans = (cs_span *)(t->seen + square_rows(w));
    for (int64_t i = 0; i <= listed; i++) t->numbers[i] = i;
    t->divisors = cs_aligned(t->spans + layout(w).slots);
    t->strips = cs_aligned(t->divisors + cs_divisors_size(w) * w->size);
    t->spare = t->strips + (cs_pool_strips(w, w->height) * t->pitch + w->lanes) * w->size;
}

int64_t cs_pool_columns(const cs_window *w)
{
    const cs_axis *a = &w->axis[2];
    return cs_least(a->in, (w->width - 1) * a->step + cs_most(0, a->taps - 1) * a->gap + 1);
}

int64_t cs_pool_scratch(const cs_window *w)
{
    const cs_axis *a = &w->axis[2];
    const int64_t listed = w->height * window_rows(w), seen = w->axis[0].taps * cs_pool_seen(w, w->height);
    const int64_t numbers =
        seen + a->taps + 4 * w->height + 3 * w->width + 3 * listed + square_rows(w) + 5 * layout(w).slots + 5;
    const int64_t strips = cs_pool_strips(w, w->height) * cs_pool_pitch(w);
    const int64_t spare = cs_pool_columns(w);
    const int64_t wide = cs_pool_by_planes(w) ? w->lanes * ((seen + 1) * a->in + w->height * w->width)
                         : cs_pool_mixed(w)   ? w->width * w->groups + w->lanes
                                              : 0;
    return numbers * 8 + (cs_divisors_size(w) + strips + spare + wide + 3 * w->lanes) * w->size + 256;
}

cs_squares cs_pool_squares(cs_pool_state *t, cs_pool_box b)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const int64_t depth = b.d * a[0].step + a[0].first, count = b.h1 - b.h0, rows = square_rows(w);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t row = b.h0 * a[1].step + a[1].first + i;
        const int inside = depth >= 0 && depth < a[0].in && row >= 0 && row < a[1].in;
        t->seen[i] = inside ? depth * w->x[0] + row * w->x[1] : ROW_OUTSIDE;
    }
    cs_squares q = {.rows = t->seen, .side = a[2].taps, .step = a[2].step, .count = count, .width = b.w1 - b.w0,
                    .ldy = a[1].y, .first = b.w0 * a[2].step + a[2].first, .in = a[2].in};
    if (w->kind == CS_MEAN) {
        cs_list_divisors(w, b, t->counts, t->divisors, t->row_divisors);
        q.divisors = t->divisors, q.row_divisors = t->row_divisors;
    }
    return q;
}

cs_pooling cs_pool_describe(cs_pool_state *t, cs_pool_box b)
{
    const cs_window *w = t->w;
    list_columns(t, b);
    list_rows(t, b);
    const int64_t rows = b.h1 - b.h0;
    cs_pooling p = {.off = t->off, .taps = w->axis[2].taps, .width = b.w1 - b.w0, .ldy = w->axis[1].y,
                    .step = 1, .power = w->power, .strip = t->strip, .to = b.w1 - b.w0, .in = w->axis[2].in};
    p.rows = (cs_rows){rows, t->from, t->starts};
    if (w->kind == CS_MEAN) {
        cs_list_divisors(w, b, t->counts, t->divisors, t->row_divisors);
        p.divisors = t->divisors, p.row_divisors = t->row_divisors;
    }
    if (cs_pool_by_planes(w) || cs_pool_mixed(w)) return p;
    if (t->here) {
        p.step = w->axis[2].step;
        p.from = cs_most(0, interior(&w->axis[2], &p.to) - b.w0), p.to = cs_least(b.w1, p.to) - b.w0;
    } else if (w->kind == CS_MAX) { /* the rows of the windows are brought, and are then one row */
        p.kept = 2 * LEAD;
        for (int64_t h = 0; h < rows; h++) t->brought[h] = h % p.kept * t->pitch;
        p.brought = p.rows, p.news = t->numbers, p.rows = (cs_rows){rows, t->numbers, t->brought};
    } else {
        p.brought = (cs_rows){t->news[rows], t->numbers, t->brought}, p.news = t->news, p.kept = t->news[rows];
    }
    return p;
}

