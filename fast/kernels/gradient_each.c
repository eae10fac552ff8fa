/* Few outputs of many groups: vectors over outputs, whose inputs are vectors too. */
#include <string.h>

#include "gradient_task.h"

/* Rows of inputs of a lane: where the first one is of those that exist, and how many do. */
typedef struct {
    int64_t from, to, start;
} seen_rows;

static seen_rows rows_of(const cs_outer_task *k, cs_box b, int64_t tap)
{
    const cs_axis *a = k->g->window.axis;
    const int64_t depth = k->t.d * a[0].step + a[0].first + tap * a[0].gap, top = b.h0 * a[1].step + a[1].first;
    const int64_t rows = depth < 0 || depth >= a[0].in ? 0 : cs_seen(&a[1], b.h1 - b.h0);
    const int64_t from = cs_least(rows, cs_most(0, -top)), to = cs_most(from, cs_least(rows, a[1].in - top));
    return (seen_rows){from, to, (depth * a[1].in + top + from) * a[2].in};
}

/* The channels of the lanes, `at` elements after their first. */
static void list_channels(const cs_outer_task *k, int64_t first, int64_t channel, int64_t at, const void **x)
{
    const cs_window *w = &k->g->window;
    const int64_t plane = w->axis[0].in * w->axis[1].in * w->axis[2].in;
    for (int64_t l = 0; l < w->lanes; l++) {
        const int64_t group = k->image * w->groups + cs_least(first + l, k->g->outputs - 1) / w->outputs;
        x[l] = k->x + ((group * w->channels + channel) * plane + at) * w->size;
    }
}

void cs_turn_inputs(const cs_outer_task *k, cs_box b, int64_t first)
{
    const cs_gradient *g = k->g;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t lane = w->lanes * w->size, pitch = cs_seen(&a[2], g->width), tall = cs_seen(&a[1], g->height);
    const int64_t rows = cs_seen(&a[1], b.h1 - b.h0), columns = cs_seen(&a[2], b.w1 - b.w0), start = b.w0 * a[2].step + a[2].first;
    const int64_t low = cs_least(columns, cs_most(0, -start)), high = cs_most(low, cs_least(columns, a[2].in - start));
    const void *x[VECTOR];
    for (int64_t slab = 0; slab < w->channels * a[0].taps; slab++) {
        const seen_rows r = rows_of(k, b, slab % a[0].taps);
        if (g->whole) {
            list_channels(k, first, slab / a[0].taps, r.start, x);
            k->t.k->interleave(k->plane, w->lanes, x, 1, (r.to - r.from) * a[2].in);
        }
        for (int64_t i = 0; i < rows; i++) {
            const int inside = i >= r.from && i < r.to;
            const int64_t from = inside ? low : columns, to = inside ? high : columns, at = (i - r.from) * a[2].in + start + from;
            char *wide = k->wide + (slab * tall + i) * pitch * lane;
            memset(wide, 0, (size_t)(from * lane));
            if (g->whole) {
                memcpy(wide + from * lane, k->plane + at * lane, (size_t)((to - from) * lane));
            } else {
                list_channels(k, first, slab / a[0].taps, r.start + at, x);
                k->t.k->interleave(wide + from * lane, w->lanes, x, 1, to - from);
            }
            memset(wide + to * lane, 0, (size_t)((columns - to) * lane));
        }
    }
}

void cs_list_input_terms(const cs_outer_task *k)
{
    const cs_gradient *g = k->g;
    const cs_axis *a = g->window.axis;
    const int64_t pitch = cs_seen(&a[2], g->width), slab = cs_seen(&a[1], g->height) * pitch;
    for (int64_t i = 0; i < g->terms; i++) {
        const int64_t row = i / a[2].taps;
        k->t.terms[i] = row / a[1].taps * slab + row % a[1].taps * a[1].gap * pitch + i % a[2].taps * a[2].gap;
    }
}
