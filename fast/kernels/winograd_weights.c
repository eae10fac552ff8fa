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

/* Elements from a point to the next in a panel `wide` outputs wide: a vector more than so many terms, as the caches would have
 * one place for all points if they were a power of two apart. */
static int64_t point_size(const cs_winograd *g, int64_t terms, int64_t wide)
{
    return terms * wide + g->window.lanes;
}

static int64_t all_terms(const cs_winograd *g)
{
    return g->slabs * g->window.channels;
}

int64_t cs_winograd_panel(const cs_winograd *g, int64_t panel)
{
    return panel * g->phases * g->points * point_size(g, all_terms(g), panel_outputs(g));
}

/* Outputs of a panel, with those that do not exist. */
static int64_t wide_panel(const cs_winograd *g, int64_t panel)
{
    const int64_t lanes = g->window.lanes, padded = cs_ceil(g->window.outputs, lanes) * lanes;
    return cs_least(panel_outputs(g), padded - panel * panel_outputs(g));
}

int64_t cs_winograd_phase(const cs_winograd *g, int64_t panel, int64_t phase)
{
    return phase * g->points * point_size(g, all_terms(g), wide_panel(g, panel));
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
    return g->some ? g->points * point_size(g, g->some, panel_outputs(g)) : 0;
}

/* Channels of which all slabs and phases are transformed together, so that their weights are in a cache. */
enum { AT_ONCE = 16 };

/* The taps of a slab: of so many elements of a channel's weights, the first and, among those, its own first one. */
typedef struct {
    cs_slab slab;
    int64_t low, count, first;
} taps_of_slab;

static taps_of_slab find_taps(const cs_winograd *g, const cs_axis *a, int64_t base, int64_t phase, int64_t slab)
{
    taps_of_slab t = {.slab = cs_find_slab(g, slab), .low = base, .count = 1};
    for (int i = 0; i < 3; i++) {
        t.slab.to[i] -= g->phase[phase].lacks[i];
        const int64_t w = a[i].w, more = i ? (t.slab.to[i] - 1) * g->apart * w : 0;
        t.low += t.slab.at[i] * w + cs_least(0, more), t.first -= cs_least(0, more), t.count += more < 0 ? -more : more;
    }
    return t;
}

/* Those of a few channels, from channel c on, for a vector of outputs: stage[channel][tap][output], lanes beyond the last output
 * 0. Whole vectors are read: of the last channels they would end beyond the weights. */
static void stage_taps(const cs_window *w, const taps_of_slab *t, const char *from, int64_t outputs, int64_t c, int64_t channels,
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

void cs_winograd_transform(const cs_winograd *g, int64_t group, int64_t panel, int64_t phase, int64_t slab, int64_t from, int64_t to,
                           const void *weights, void *points, int64_t terms)
{
    _Alignas(64) char stage[STAGED_VECTORS * 64];
    const cs_window *w = &g->window;
    cs_axis a[3];
    const int64_t base = cs_ascend(g, phase, a);
    const taps_of_slab t = find_taps(g, a, base, phase, slab);
    const int64_t first = panel * panel_outputs(g), size = w->size, vector = w->lanes * size, some = STAGED_VECTORS / t.count;
    const int64_t wide = wide_panel(g, panel);
    const int64_t row = a[1].w * g->apart * w->lanes, column = a[2].w * g->apart * w->lanes;
    for (int64_t c = from; c < to; c += some)
        for (int64_t k = 0; k < wide; k += w->lanes) {
            const int64_t count = cs_least(to - c, some);
            const int64_t at = group * w->w_group + (first + k) * w->w_output + c * w->w_channel + t.low;
            stage_taps(w, &t, (const char *)weights + at * size, cs_least(w->lanes, w->outputs - first - k), c, count, stage);
            char *u = (char *)points + ((c - from) * wide + k) * size;
            for (int64_t i = 0; i < count; i++)
                cs_kernels(w->dtype)->kernels(g->high, g->broad, stage + (i * t.count + t.first) * vector, row, column, &t.slab,
                                              u + i * wide * size, point_size(g, terms, wide));
        }
}

void cs_winograd_take_bias(const cs_winograd *g, int64_t group, int64_t first, int64_t wide, const void *bias, char *to)
{
    const cs_window *w = &g->window;
    const int64_t size = w->size;
    memset(to, 0, (size_t)(wide * size));
    for (int64_t k = 0; bias && k < cs_least(wide, w->outputs - first); k++)
        memcpy(to + k * size, (const char *)bias + (w->b_base + (group * w->outputs + first + k) * w->b_output) * size,
               (size_t)size);
}

void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
{
    const cs_window *w = &g->window;
    const int64_t group = panel / g->panels, first = panel % g->panels * panel_outputs(g), size = w->size;
    const int64_t wide = wide_panel(g, panel % g->panels);
    char *base = (char *)packed + group * cs_winograd_group(g) * size;
    cs_winograd_take_bias(g, group, first, wide, bias, base + (cs_winograd_bias(g) + first) * size);
    panel %= g->panels;
    for (int64_t from = 0; from < w->channels; from += AT_ONCE)
        for (int64_t i = 0; i < g->phases * g->slabs; i++) {
            const int64_t phase = i / g->slabs, slab = i % g->slabs, to = cs_least(w->channels, from + AT_ONCE);
            char *points = base + (cs_winograd_panel(g, panel) + cs_winograd_phase(g, panel, phase)) * size;
            cs_winograd_transform(g, group, panel, phase, slab, from, to, weights, points + (slab * w->channels + from) * wide * size,
                                  all_terms(g));
        }
}
