/* Strips: a padded copy of the input that a box of outputs needs, in which neighbouring outputs are neighbours for
 * every tap. */
#include <string.h>

#include "task.h"

/* The run that tap t of output 0 has along an axis, and its place there. */
int64_t cs_tap_slot(const cs_side *s, int64_t t, int64_t *at)
{
    const cs_axis *a = s->axis;
    if (!s->layout.shared) return *at = 0, t;
    const int64_t near = a->gap < 0 ? a->taps - 1 - t : t;
    *at = near * cs_gap(a) / s->layout.step;
    return near % s->layout.slots;
}

/* The input position at which a run of the strip starts for output 0. */
int64_t cs_slot_start(const cs_side *s, int64_t slot)
{
    const cs_axis *a = s->axis;
    if (!s->layout.shared) return a->first + slot * a->gap;
    const int64_t gap = cs_gap(a);
    return cs_lowest(a) + slot * gap % s->layout.step;
}

/* The offsets of one channel's terms, then those of the others, a channel further on. */
static void list_channel(const cs_window *w, int64_t *off, int64_t taps, int64_t channel)
{
    for (int64_t i = taps; i < w->terms; i++) off[i] = off[i - taps] + channel;
}

void cs_list_terms(cs_state *t)
{
    const cs_window *w = t->w;
    const cs_axis *a = w->axis;
    const cs_layout *l0 = &t->side[0].layout, *l1 = &t->side[1].layout, *l2 = &t->side[2].layout;
    const int64_t rows = l1->slots * l1->length, run = l0->slots * l0->length * rows * l2->length;
    int64_t *in_strip = t->terms, *in_place = t->terms + w->terms, i = 0, d, h, v;
    if (w->terms == 0) return;
    for (int64_t t0 = 0; t0 < a[0].taps; t0++) {
        const int64_t row0 = cs_tap_slot(&t->side[0], t0, &d) * l0->length + d;
        for (int64_t t1 = 0; t1 < a[1].taps; t1++) {
            const int64_t row = row0 * rows + cs_tap_slot(&t->side[1], t1, &h) * l1->length + h;
            const int64_t at = t0 * a[0].gap * w->x[0] + t1 * a[1].gap * w->x[1];
            for (int64_t t2 = 0; t2 < a[2].taps; t2++, i++) {
                const int64_t slot = cs_tap_slot(&t->side[2], t2, &v);
                in_strip[i] = slot * run + row * l2->length + v;
                if (w->in_place) in_place[i] = at + t2 * a[2].gap * w->x[2];
            }
        }
    }
    const int64_t apart = w->by_groups ? w->lanes : w->mixed ? w->mixed : 1;
    for (int64_t k = 0; k < i; k++) in_strip[k] *= apart;
    list_channel(w, in_strip, i, w->mixed ? 1 : run * l2->slots);
    if (w->in_place) list_channel(w, in_place, i, w->x_channel);
}

/* Where the rows of the strip for a box start in a channel. */
static int64_t list_rows(cs_state *t, cs_box b)
{
    const cs_axis *a = t->w->axis;
    const cs_layout *l0 = &t->side[0].layout, *l1 = &t->side[1].layout;
    const int64_t needed = l1->length - (t->w->height - (b.h1 - b.h0));
    int64_t n = 0;
    for (int64_t s0 = 0; s0 < l0->slots; s0++) {
        for (int64_t j0 = 0; j0 < l0->length; j0++) {
            const int64_t p0 = cs_position(cs_slot_start(&t->side[0], s0) + (t->d + j0) * a[0].step, a[0].in, t->w->boundary);
            for (int64_t s1 = 0; s1 < l1->slots; s1++) {
                const int64_t start = cs_slot_start(&t->side[1], s1) + b.h0 * a[1].step;
                for (int64_t j1 = 0; j1 < l1->length; j1++, n++) {
                    const int64_t p1 = cs_position(start + j1 * a[1].step, a[1].in, t->w->boundary);
                    t->rows[n] = j1 >= needed       ? ROW_UNUSED
                                 : p0 < 0 || p1 < 0 ? ROW_OUTSIDE
                                                    : p0 * t->w->x[0] + p1 * t->w->x[1];
                }
            }
        }
    }
    return n;
}

/* A row of inputs with their channels, and zeros beyond the edges. */
static void copy_mixed(const cs_table *k, const cs_window *w, char *to, const char *from, const cs_row *r, int64_t channels)
{
    const int64_t bytes = channels * w->size, pixel = w->mixed * w->size, next = r->step * r->pixel * w->size;
    const int64_t inside = from ? r->inside : r->count, outside = from ? r->outside : r->count;
    for (int64_t i = 0; i < inside; i++) memset(to + i * pixel, 0, (size_t)bytes);
    for (int64_t i = outside; i < r->count; i++) memset(to + i * pixel, 0, (size_t)bytes);
    if (!from || inside >= outside) return;
    from += (r->start + inside * r->step) * r->pixel * w->size;
    to += inside * pixel;
    if (cs_turned(w)) {
        k->turn_planes(to, w->mixed, from, w->x_channel, r->step, channels, outside - inside);
        return;
    }
    if (next == pixel) {
        memcpy(to, from, (size_t)((outside - inside - 1) * pixel + bytes));
        return;
    }
    for (int64_t i = inside; i < outside; i++, to += pixel, from += next) memcpy(to, from, (size_t)bytes);
}

static void fill_mixed(cs_state *t, cs_box b, int64_t channels)
{
    const cs_window *w = t->w;
    const cs_layout *l2 = &t->side[2].layout;
    const int64_t rows = list_rows(t, b), row = l2->length * w->mixed * w->size;
    const int64_t count = l2->length - (w->width - (b.w1 - b.w0)) * (w->axis[2].step / l2->step);
    for (int64_t slot = 0; slot < l2->slots; slot++) {
        const cs_row r = cs_row_of(w, cs_slot_start(&t->side[2], slot) + b.w0 * w->axis[2].step, l2->step, count);
        for (int64_t i = 0; i < rows; i++)
            if (t->rows[i] != ROW_UNUSED)
                copy_mixed(t->k, w, t->strip + (slot * rows + i) * row,
                           t->rows[i] == ROW_OUTSIDE ? NULL : t->x + t->rows[i] * w->size, &r, channels);
    }
}

void cs_fill_strip(cs_state *t, cs_box b, int64_t channels)
{
    const cs_window *w = t->w;
    const cs_layout *l2 = &t->side[2].layout;
    if (w->mixed) {
        fill_mixed(t, b, channels);
        return;
    }
    const int64_t rows = list_rows(t, b), run = rows * l2->length, pixel = w->axis[2].step / l2->step;
    const int64_t count = l2->length - (w->width - (b.w1 - b.w0)) * pixel;
    for (int64_t slot = 0; slot < l2->slots; slot++) {
        cs_row r = cs_row_of(w, cs_slot_start(&t->side[2], slot) + b.w0 * w->axis[2].step, l2->step, count);
        r.channels = channels;
        t->k->copy_rows(t->strip + slot * run * w->size, l2->slots * run, l2->length, t->x, t->rows, rows, &r);
    }
    memset(t->strip + channels * l2->slots * run * w->size, 0, (size_t)(w->lanes * w->size));
}

void cs_fill_groups(cs_state *t, cs_box b)
{
    const cs_window *w = t->w;
    const cs_layout *l2 = &t->side[2].layout;
    const int64_t rows = list_rows(t, b), vector = w->lanes * w->size, row = l2->length * vector;
    const int64_t count = l2->length - (w->width - (b.w1 - b.w0)) * w->axis[2].step;
    const cs_row r = cs_row_of(w, cs_slot_start(&t->side[2], 0) + b.w0 * w->axis[2].step, 1, count);
    for (int64_t i = 0; i < rows; i++) {
        char *to = t->strip + i * row;
        const int64_t inside = t->rows[i] == ROW_OUTSIDE ? count : r.inside, outside = cs_most(inside, r.outside);
        if (t->rows[i] == ROW_UNUSED) continue;
        memset(to, 0, (size_t)(inside * vector));
        memset(to + outside * vector, 0, (size_t)((count - outside) * vector));
        if (outside > inside)
            t->k->gather_groups(to + inside * vector, t->x + (t->rows[i] + (r.start + inside) * r.pixel) * w->size, w->x_channel,
                                r.pixel, t->groups, outside - inside);
    }
}
