/* Where the elements of x are. */
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
    while (w->kind == CS_FMA && w->outputs && !w->by_pixels && (w->rows / 2 > columns || !k->outputs[w->rows][w->vectors]))
        w->rows -= 2;
}

int64_t cs_bundle(const cs_window *w)
{
    const int interleaved = w->x_channel == 1 && w->x[2] != 1 && w->channels < w->lanes;
    return interleaved ? cs_least(w->groups, cs_ceil(w->lanes, cs_most(1, w->channels))) : 1;
}

int64_t cs_plane_count(const cs_window *w)
{
    return w->images * cs_ceil(w->groups, w->bundle) * w->axis[0].out;
}
