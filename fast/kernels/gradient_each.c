/* Few outputs of many groups: vectors over outputs, whose inputs are vectors too. */
#include <string.h>

#include "gradient_task.h"

/* A lane's own inputs: the strip of the groups of a vector of outputs, channel by channel. */
void cs_turn_inputs(const cs_outer_task *k, int64_t first, int64_t group)
{
    const cs_gradient *g = k->g;
    const int64_t channels = g->window.channels, lanes = g->window.lanes, size = g->window.size;
    const int64_t plane = (cs_strip_size(&k->w, k->w.height, k->w.width) - lanes) / k->w.channels;
    for (int64_t c = 0; c < channels; c++) {
        const void *from[VECTOR];
        for (int64_t l = 0; l < lanes; l++) {
            const int64_t own = cs_least(first + l, g->outputs - 1) / g->window.outputs - group;
            from[l] = k->t.strip + (own * channels + c) * plane * size;
        }
        k->t.k->interleave(k->wide + c * plane * lanes * size, lanes, from, 1, plane);
    }
}

/* The same from rows of x itself, of which all columns are kept, whatever the step; zeros beyond the edges. */
void cs_turn_lines(const cs_outer_task *k, cs_box b, int64_t first)
{
    const cs_gradient *g = k->g;
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const int64_t lane = w->lanes * w->size, plane = a[0].in * a[1].in * a[2].in, pitch = cs_seen(&a[2], g->width);
    const int64_t tall = cs_seen(&a[1], g->height), rows = cs_seen(&a[1], b.h1 - b.h0), columns = cs_seen(&a[2], b.w1 - b.w0);
    const int64_t start = b.w0 * a[2].step + a[2].first, top = b.h0 * a[1].step + a[1].first;
    const int64_t low = cs_least(columns, cs_most(0, -start)), high = cs_most(low, cs_least(columns, a[2].in - start));
    for (int64_t i = 0; i < w->channels * a[0].taps * rows; i++) {
        const int64_t slab = i / rows, row = top + i % rows;
        const int64_t depth = k->t.d * a[0].step + a[0].first + slab % a[0].taps * a[0].gap;
        const int inside = row >= 0 && row < a[1].in && depth >= 0 && depth < a[0].in;
        const int64_t from = inside ? low : columns, to = inside ? high : columns;
        char *wide = k->wide + (slab * tall + i % rows) * pitch * lane;
        const void *x[VECTOR];
        for (int64_t l = 0; l < w->lanes; l++) {
            const int64_t group = k->image * w->groups + cs_least(first + l, g->outputs - 1) / w->outputs;
            const int64_t channel = group * w->channels + slab / a[0].taps;
            x[l] = k->x + (channel * plane + (depth * a[1].in + row) * a[2].in + start + from) * w->size;
        }
        memset(wide, 0, (size_t)(from * lane));
        k->t.k->interleave(wide + from * lane, w->lanes, x, 1, to - from);
        memset(wide + to * lane, 0, (size_t)((columns - to) * lane));
    }
}

/* Where terms are in what turn_lines makes. */
void cs_list_line_terms(const cs_outer_task *k)
{
    const cs_gradient *g = k->g;
    const cs_axis *a = g->window.axis;
    const int64_t pitch = cs_seen(&a[2], g->width), slab = cs_seen(&a[1], g->height) * pitch;
    for (int64_t i = 0; i < g->terms; i++) {
        const int64_t row = i / a[2].taps;
        k->t.terms[i] = row / a[1].taps * slab + row % a[1].taps * a[1].gap * pitch + i % a[2].taps * a[2].gap;
    }
}
