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

/* Elements from a point to the next in a panel `wide` outputs wide: a vector more than the weights of that many channels,
 * as the caches would have one place for all points if they were a power of two apart. */
static int64_t point_size(const cs_winograd *g, int64_t channels, int64_t wide)
{
    return g->slabs * channels * wide + g->window.lanes;
}

int64_t cs_winograd_panel(const cs_winograd *g, int64_t panel)
{
    return panel * g->points * point_size(g, g->window.channels, panel_outputs(g));
}

int64_t cs_winograd_bias(const cs_winograd *g)
{
    const int64_t whole = g->panels - 1, padded = cs_ceil(g->window.outputs, g->window.lanes) * g->window.lanes;
    return cs_winograd_panel(g, whole) +
           g->points * point_size(g, g->window.channels, padded - whole * panel_outputs(g));
}

int64_t cs_winograd_group(const cs_winograd *g)
{
    return cs_winograd_bias(g) + cs_ceil(g->window.outputs, g->window.lanes) * g->window.lanes;
}

int64_t cs_winograd_some(const cs_winograd *g)
{
    return g->some ? g->points * point_size(g, g->some, panel_outputs(g)) : 0;
}

/* All taps of a few channels for a vector of outputs, `span` of each: stage[channel][tap][output], lanes beyond the last
 * output 0. */
static void stage_taps(const cs_window *w, const char *from, int64_t outputs, int64_t channels, int64_t span, char *stage)
{
    const int64_t size = w->size, lanes = w->lanes, columns = channels * span;
    int64_t done = 0;
    memset(stage, 0, (size_t)(columns * lanes * size));
    if (w->w_channel == span) {
        done = columns / lanes * lanes;
        cs_kernels(w->dtype)->transpose(stage, lanes, from, w->w_output, outputs, done);
    } else { /* whole vectors are read: of the last channels they would end beyond the weights */
        for (; done < columns - cs_ceil(lanes, span) * span; done += span)
            cs_kernels(w->dtype)->transpose(stage + done * lanes * size, lanes, from + done / span * w->w_channel * size,
                                            w->w_output, outputs, span);
    }
    for (int64_t i = done; i < columns; i++)
        for (int64_t k = 0; k < outputs; k++)
            memcpy(stage + (i * lanes + k) * size,
                   from + (k * w->w_output + i / span * w->w_channel + i % span) * size, (size_t)size);
}

/* The transformed weights of a vector of outputs, for channels [from, to), in a panel that is `wide`, with `apart` elements
 * from point to point and `slab` from slab to slab. */
static void pack_channels(const cs_winograd *g, const char *stage, int64_t channels, int64_t span, int64_t wide,
                          int64_t apart, int64_t slab, char *u)
{
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    const int64_t first = g->base - w->w_base, lanes = w->lanes, size = w->size;
    const int64_t row = cs_apart(g->high), column = cs_apart(g->broad);
    for (int64_t s = 0; s < g->slabs; s++) {
        const cs_slab tap = cs_find_slab(g, s);
        const int64_t at = first + tap.at[0] * a[0].w + tap.at[1] * a[1].w + tap.at[2] * a[2].w;
        for (int64_t c = 0; c < channels; c++)
            cs_kernels(w->dtype)->kernels(g->high, g->broad, stage + (c * span + at) * lanes * size, a[1].w * row * lanes,
                                          a[2].w * column * lanes, &tap, u + (s * slab + c * wide) * size, apart);
    }
}

void cs_winograd_transform(const cs_winograd *g, int64_t group, int64_t panel, int64_t from, int64_t to,
                           const void *weights, void *points, int64_t channels)
{
    _Alignas(64) char stage[STAGED_VECTORS * 64];
    const cs_window *w = &g->window;
    const int64_t first = panel * panel_outputs(g), size = w->size, span = cs_winograd_span(w), some = STAGED_VECTORS / span;
    const int64_t wide = cs_least(panel_outputs(g), cs_ceil(w->outputs, w->lanes) * w->lanes - first);
    const int64_t apart = point_size(g, channels, wide);
    for (int64_t c = from; c < to; c += some)
        for (int64_t k = 0; k < wide; k += w->lanes) {
            const int64_t count = cs_least(to - c, some);
            const int64_t at = w->w_base + group * w->w_group + (first + k) * w->w_output + c * w->w_channel;
            stage_taps(w, (const char *)weights + at * size, cs_least(w->lanes, w->outputs - first - k), count, span,
                       stage);
            pack_channels(g, stage, count, span, wide, apart, channels * wide,
                          (char *)points + ((c - from) * wide + k) * size);
        }
}

void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
{
    const cs_window *w = &g->window;
    const int64_t group = panel / g->panels, first = panel % g->panels * panel_outputs(g), size = w->size;
    const int64_t wide = cs_least(panel_outputs(g), cs_ceil(w->outputs, w->lanes) * w->lanes - first);
    char *base = (char *)packed + group * cs_winograd_group(g) * size, *b = base + (cs_winograd_bias(g) + first) * size;
    memset(b, 0, (size_t)(wide * size));
    for (int64_t k = 0; bias && k < cs_least(wide, w->outputs - first); k++)
        memcpy(b + k * size, (const char *)bias + (w->b_base + (group * w->outputs + first + k) * w->b_output) * size,
               (size_t)size);
    cs_winograd_transform(g, group, panel % g->panels, 0, w->channels, weights,
                          base + cs_winograd_panel(g, panel % g->panels) * size, w->channels);
}
