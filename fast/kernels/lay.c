/* Where the elements of x are, and those of a strip. */
#include <string.h>

#include "window.h"

/* An axis without taps, steps or padding: its outputs are its inputs. */
static int plain(const cs_axis *a)
{
    return a->taps == 1 && a->first == 0 && a->step == 1 && a->in == a->out;
}

void cs_merge(cs_window *w)
{
    cs_axis *v = &w->axis[2];
    for (int i = 1; i >= 0; i--) {
        cs_axis *a = &w->axis[i];
        if (w->kind != CS_FMA || !plain(a) || !plain(v) || a->y != v->out * v->y || w->x[i] != v->in * w->x[2]) return;
        v->in = v->out = v->out * a->out;
        a->in = a->out = 1;
    }
}

static void lay_contiguous(cs_window *w)
{
    const cs_axis *a = w->axis;
    w->x[2] = 1, w->x[1] = a[2].in, w->x[0] = a[1].in * a[2].in;
    w->x_channel = a[0].in * w->x[0], w->x_image = w->groups * w->channels * w->x_channel;
    w->bundle = 1;
}

void cs_lay(cs_window *w, const int64_t *strides)
{
    if (strides == NULL) {
        lay_contiguous(w);
        return;
    }
    w->x_image = strides[0], w->x_channel = strides[1];
    memcpy(w->x, strides + 2, sizeof w->x);
    memcpy(w->axis, w->apart, sizeof w->axis);
    cs_merge(w);
    cs_fit_rows(w, w->axis[2].out); /* rows that are not merged may be shorter */
}

void cs_fit_rows(cs_window *w, int64_t columns)
{
    const cs_table *k = cs_kernels(w->dtype);
    if (w->kind != CS_FMA || !w->outputs || w->by_pixels) return;
    while (w->rows / 2 > columns || !(w->by_groups ? k->groups[w->rows] : k->outputs[w->rows][w->vectors])) w->rows -= 2;
}

int64_t cs_bundle(const cs_window *w)
{
    if (w->by_groups) return w->lanes;
    const int interleaved = w->x_channel == 1 && w->x[2] != 1 && w->channels < w->lanes;
    return interleaved ? cs_least(w->groups, cs_ceil(w->lanes, cs_most(1, w->channels))) : 1;
}

/* No two terms of a pixel lie on one of a channel's cache lines, and a tile that sees many channels' leaves no room for weights in
 * the first-level cache. With more registers it has not been measured. */
static int turning_pays(const cs_window *w)
{
    enum { TERMS = 64, OUTPUTS = 128, MOST_APART = 2 };
    const cs_axis *v = &w->axis[2];
    if (!cs_few_registers(w) || w->x[2] != 1 || w->x_channel == 1 || v->taps > 1 || v->step > MOST_APART || w->channels < w->lanes) return 0;
    return w->terms >= TERMS && w->terms / w->channels * w->outputs >= OUTPUTS; /* sums an input is in */
}

int64_t cs_mixed(const cs_window *w)
{
    enum { LINE = 64, FEW_LINES = 4 };
    if (w->by_pixels || w->by_groups || w->boundary != CS_FILL || w->fill) return 0;
    if (!turning_pays(w) && (w->x_channel != 1 || w->x[2] == 1)) return 0;
    const int64_t channels = w->bundle * w->channels, lines = cs_ceil(channels * w->size, LINE);
    return lines < FEW_LINES ? channels : (lines | 1) * LINE / w->size; /* lest all pixels share the lines of a set */
}

int64_t cs_plane_count(const cs_window *w)
{
    return w->images * cs_ceil(w->groups, w->bundle) * w->axis[0].out;
}

/* Inputs that are copied to a plain row for one that is used. */
enum { PLAIN = 4 };

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        const int64_t r = a % b;
        a = b, b = r;
    }
    return a;
}

cs_layout cs_lay_out(const cs_axis *a, int64_t n)
{
    const int64_t gap = cs_gap(a), period = a->step / divisor(a->step, gap);
    const int64_t phases = cs_least(a->taps, period), length = n + (a->taps > 0 ? (a->taps - 1) * gap / a->step : 0);
    if (a->taps == 0) return (cs_layout){0, n, 0, a->step};
    if (length / n > a->taps || phases * length > a->taps * n) return (cs_layout){a->taps, n, 0, a->step};
    return (cs_layout){phases, length, 1, a->step};
}

cs_layout cs_lay_out_columns(const cs_window *w, int64_t n)
{
    const cs_axis *a = &w->axis[2];
    const cs_layout runs = cs_lay_out(a, n);
    const int64_t gap = cs_gap(a), all = (n - 1) * a->step + (a->taps - 1) * gap + 1;
    const int plain = w->kind == CS_FMA && !w->by_pixels && a->taps > 0 && !cs_turned(w) &&
                      (w->by_groups || all <= PLAIN * runs.slots * runs.length);
    return plain ? (cs_layout){1, all, 1, 1} : runs;
}
