/* Winograd's convolution: the weights at the points of the tiles, and where they lie. */
#include <string.h>

#include "window.h"
#include "winograd.h"

static int64_t panel_outputs(const cs_winograd *g)
{
    return g->vectors * g->window.lanes;
}

int64_t cs_winograd_span(const cs_window *w)
{
    int64_t span = 1;
    for (int i = 0; i < 3; i++) span += (w->axis[i].taps - 1) * (w->axis[i].w < 0 ? STAGED_VECTORS : w->axis[i].w);
    return span;
}

int64_t cs_point_size(const cs_winograd *g, int64_t terms, int64_t wide)
{
    return terms * wide + g->window.lanes;
}

static int64_t all_terms(const cs_winograd *g)
{
    return g->slabs * g->window.channels;
}

int64_t cs_winograd_panel(const cs_winograd *g, int64_t panel)
{
    return panel * g->phases * g->points * cs_point_size(g, all_terms(g), panel_outputs(g));
}

int64_t cs_wide_panel(const cs_winograd *g, int64_t panel)
{
    const int64_t lanes = g->window.lanes, padded = cs_ceil(g->window.outputs, lanes) * lanes;
    return cs_least(panel_outputs(g), padded - panel * panel_outputs(g));
}

int64_t cs_winograd_phase(const cs_winograd *g, int64_t panel, int64_t phase)
{
    return phase * g->points * cs_point_size(g, all_terms(g), cs_wide_panel(g, panel));
}

int64_t cs_winograd_bias(const cs_winograd *g)
{
    const int64_t last = g->panels - 1;
    return cs_winograd_panel(g, last) + cs_winograd_phase(g, last, g->phases);
}

int64_t cs_winograd_group(const cs_winograd *g)
{
    return cs_winograd_bias(g) + cs_ceil(g->window.outputs, g->window.lanes) * g->window.lanes;
}

int64_t cs_winograd_some(const cs_winograd *g)
{
    return g->some ? g->points * cs_point_size(g, g->some, panel_outputs(g)) : 0;
}

/* Of a channel's weights some elements that follow each other, from the first on. */
typedef struct {
    int64_t low, count;
} run;

/* The taps of a slab in a phase: the run that has them, and where in the weights its own first one is. */
static run find_taps(const cs_winograd *g, int64_t phase, int64_t slab, cs_slab *s, int64_t *first)
{
    cs_axis a[3];
    run r = {cs_ascend(g, phase, a), 1};
    *s = cs_find_slab(g, slab);
    for (int i = 0; i < 3; i++) {
        s->to[i] -= g->phase[phase].lacks[i];
        const int64_t w = a[i].w, more = i ? (s->to[i] - 1) * g->step * w : 0;
        r.low += s->at[i] * w + cs_least(0, more), r.count += more < 0 ? -more : more;
        *first -= cs_least(0, more);
    }
    *first += r.low;
    return r;
}

/* Those of a few channels, from channel c on, for a vector of outputs: stage[channel][tap][output], lanes beyond the last output
 * 0. Whole vectors are read: of the last channels they would end beyond the weights. */
static void stage_taps(const cs_window *w, const run *t, const char *from, int64_t outputs, int64_t c, int64_t channels,
                       char *stage)
{
    const int64_t size = w->size, lanes = w->lanes, span = cs_winograd_span(w), columns = channels * t->count;
    const int64_t whole = cs_least(channels, w->channels - cs_ceil(lanes, span) - c) * t->count;
    int64_t done = 0;
    memset(stage, 0, (size_t)(columns * lanes * size));
    if (w->w_channel == t->count) {
        done = columns / lanes * lanes;
        cs_kernels(w->dtype)->transpose(stage, lanes, from, w->w_output, outputs, done);
    } else {
        for (; done < whole; done += t->count) {
            const char *channel = from + done / t->count * w->w_channel * size;
            cs_fetch_weights(w, channel, outputs);
            cs_kernels(w->dtype)->transpose(stage + done * lanes * size, lanes, channel, w->w_output, outputs, t->count);
        }
    }
    for (int64_t i = done; i < columns; i++)
        for (int64_t k = 0; k < outputs; k++)
            memcpy(stage + (i * lanes + k) * size,
                   from + (k * w->w_output + i / t->count * w->w_channel + i % t->count) * size, (size_t)size);
}

/* One run for all phases from `phase` to `end`. */
static run find_run(const cs_winograd *g, int64_t phase, int64_t end, int64_t slab, cs_slab *slabs, int64_t *first)
{
    run all = find_taps(g, phase, slab, slabs, first);
    for (int64_t p = phase + 1; p < end; p++) {
        const run r = find_taps(g, p, slab, slabs + p - phase, first + p - phase);
        const int64_t low = cs_least(all.low, r.low);
        all = (run){low, cs_most(all.low + all.count, r.low + r.count) - low};
    }
    return all;
}

/* 0 at all points, of which one tap of F(4, 2) leaves one. */
static void clear_points(const cs_winograd *g, int64_t elements, int64_t step, char *u)
{
    for (int64_t p = 0; p < g->points; p++) memset(u + p * step * g->window.size, 0, (size_t)(elements * g->window.size));
}

void cs_winograd_transform(const cs_winograd *g, const cs_weights *t, const void *weights, void *points)
{
    _Alignas(64) char stage[STAGED_VECTORS * 64];
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    cs_slab slabs[4];
    int64_t own[4] = {0};
    const run r = find_run(g, t->phase, t->end, t->slab, slabs, own);
    const int64_t first = t->panel * panel_outputs(g), size = w->size, vector = w->lanes * size, some = STAGED_VECTORS / r.count;
    const int64_t wide = cs_wide_panel(g, t->panel), step = cs_point_size(g, t->terms, wide);
    if (g->folded && !cs_whole(g, slabs)) clear_points(g, (t->to - t->from) * wide, step, points);
    const int64_t row = a[1].w * g->step * w->lanes, column = a[2].w * g->step * w->lanes;
    for (int64_t c = t->from; c < t->to; c += some)
        for (int64_t k = 0; k < wide; k += w->lanes) {
            const int64_t count = cs_least(t->to - c, some), outputs = cs_least(w->lanes, w->outputs - first - k);
            const int64_t at = t->group * w->w_group + (first + k) * w->w_output + c * w->w_channel + r.low;
            stage_taps(w, &r, (const char *)weights + at * size, outputs, c, count, stage);
            char *u = (char *)points + ((c - t->from) * wide + k) * size;
            for (int64_t p = 0; p < t->end - t->phase; p++, u += g->points * step * size)
                for (int64_t i = 0; i < count; i++)
                    cs_kernels(w->dtype)->kernels(cs_form(g, 1), cs_form(g, 2), stage + (i * r.count + own[p] - r.low) * vector, row, column,
                                                  &slabs[p], u + i * wide * size, step);
        }
}

void cs_winograd_take_bias(const cs_winograd *g, int64_t group, int64_t panel, const void *bias, char *to)
{
    const cs_window *w = &g->window;
    const int64_t first = panel * panel_outputs(g), wide = cs_wide_panel(g, panel), size = w->size;
    memset(to, 0, (size_t)(wide * size));
    for (int64_t k = 0; bias && k < cs_least(wide, w->outputs - first); k++)
        memcpy(to + k * size, (const char *)bias + (w->b_base + (group * w->outputs + first + k) * w->b_output) * size,
               (size_t)size);
}

void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
{
    const cs_window *w = &g->window;
    const int64_t group = panel / g->panels, size = w->size;
    panel %= g->panels;
    const int64_t wide = cs_wide_panel(g, panel);
    char *base = (char *)packed + group * cs_winograd_group(g) * size;
    cs_winograd_take_bias(g, group, panel, bias, base + (cs_winograd_bias(g) + panel * panel_outputs(g)) * size);
    char *points = base + cs_winograd_panel(g, panel) * size;
    for (int64_t slab = 0; slab < g->slabs; slab++, points += w->channels * wide * size)
        cs_winograd_transform(g, &(cs_weights){group, panel, 0, g->phases, slab, 0, w->channels, all_terms(g)}, weights, points);
}
