/* Gradients where kernels are shared by few positions or none: by the weights, a task for each kernel of a group; by the
 * input, a task for some rows of some channels of some images. */
#ifndef CONVSPEC_LOCAL_GRADIENT_H
#define CONVSPEC_LOCAL_GRADIENT_H

#include "window.h"

typedef struct {
    cs_window window; /* the operator, of kind CS_LOCAL */
    int64_t terms, kernels;
    int64_t vectors, block, blocks; /* vectors of images together, these images, and the number of blocks */
    int64_t shares, some, bands;    /* shares of a group's channels; outputs together; bands of rows of the input */
    int64_t few; /* images, so that vectors are over positions */
    int64_t tasks, scratch;
} cs_local_gradient;

void cs_local_weights_split(cs_local_gradient *g, const cs_window *w, int64_t images);
void cs_local_weights_run(const cs_local_gradient *g, int64_t task, const void *x, const void *dy, void *dw,
                          void *scratch);
void cs_local_input_split(cs_local_gradient *g, const cs_window *w, int64_t images, int threads);
void cs_local_input_run(const cs_local_gradient *g, int64_t task, const void *w, const void *dy, void *dx,
                        void *scratch);

int cs_local_few_split(cs_local_gradient *g, int threads); /* by the input; whether that suits */
void cs_local_few_run(const cs_local_gradient *g, int64_t task, const void *w, const void *dy, void *dx, void *scratch);

static inline cs_local_gradient cs_local_describe(const cs_window *w, int64_t images)
{
    const cs_table *k = cs_kernels(w->dtype);
    cs_local_gradient g = {.window = *w};
    g.window.lanes = k->lanes, g.window.size = k->size, g.window.images = images;
    g.terms = w->channels * w->axis[0].taps * w->axis[1].taps * w->axis[2].taps;
    g.kernels = w->axis[0].tile * w->axis[1].tile * w->axis[2].tile;
    return g;
}

static inline int64_t cs_inputs(const cs_window *w)
{
    return w->axis[0].in * w->axis[1].in * w->axis[2].in;
}

static inline int64_t cs_taps(const cs_local_gradient *g) /* terms of a channel */
{
    return g->terms / g->window.channels;
}

/* The output that sees an input by a tap along an axis, or -1. */
static inline int64_t cs_seen_by(const cs_axis *a, int64_t input, int64_t tap)
{
    const int64_t apart = input - a->first - tap * a->gap, o = apart / a->step;
    return apart < 0 || apart % a->step || o >= a->out ? -1 : o;
}

/* The input that a tap of an output sees along an axis, or -1 for padding. */
static inline int64_t cs_seen_at(const cs_axis *a, int64_t output, int64_t tap)
{
    const int64_t i = output * a->step + a->first + tap * a->gap;
    return i < a->in ? i : -1;
}

static inline int cs_sees(const cs_axis *a, int64_t output, int64_t low, int64_t high) /* some of these inputs */
{
    for (int64_t t = 0; t < a->taps; t++) {
        const int64_t i = cs_seen_at(a, output, t);
        if (i >= low && i < high) return 1;
    }
    return 0;
}

#endif
