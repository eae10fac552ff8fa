/* Gradients of unshared and sparsely shared kernels. */
#include "local_gradient.h"

#include <string.h>

#include "window.h"

typedef struct {
    int64_t o[3];
} place;

static place place_of(const cs_axis *a, int64_t o)
{
    return (place){{o / (a[1].out * a[2].out), o / a[2].out % a[1].out, o % a[2].out}};
}

static int64_t kernel_of(const cs_axis *a, place p)
{
    return (p.o[0] % a[0].tile * a[1].tile + p.o[1] % a[1].tile) * a[2].tile + p.o[2] % a[2].tile;
}

static int64_t positions(const cs_window *w)
{
    return w->axis[0].out * w->axis[1].out * w->axis[2].out;
}

static int64_t inputs(const cs_window *w)
{
    return w->axis[0].in * w->axis[1].in * w->axis[2].in;
}

/* The taps of an output that lie inside the input, in order, and where in a channel they are. */
static int64_t list_inside(const cs_axis *a, place p, int64_t *taps, int64_t *places)
{
    int64_t n = 0, tap = 0;
    for (int64_t t0 = 0; t0 < a[0].taps; t0++)
        for (int64_t t1 = 0; t1 < a[1].taps; t1++)
            for (int64_t t2 = 0; t2 < a[2].taps; t2++, tap++) {
                const int64_t i0 = p.o[0] * a[0].step + a[0].first + t0 * a[0].gap,
                              i1 = p.o[1] * a[1].step + a[1].first + t1 * a[1].gap,
                              i2 = p.o[2] * a[2].step + a[2].first + t2 * a[2].gap;
                if (i0 < 0 || i0 >= a[0].in || i1 < 0 || i1 >= a[1].in || i2 < 0 || i2 >= a[2].in) continue;
                taps[n] = tap, places[n] = (i0 * a[1].in + i1) * a[2].in + i2, n++;
            }
    return n;
}

static void describe(cs_local_gradient *g, const cs_window *w, int64_t images)
{
    const cs_table *k = cs_kernels(w->dtype);
    *g = (cs_local_gradient){.window = *w};
    g->window.lanes = k->lanes, g->window.size = k->size, g->window.images = images;
    g->terms = w->channels * w->axis[0].taps * w->axis[1].taps * w->axis[2].taps;
    g->kernels = w->axis[0].tile * w->axis[1].tile * w->axis[2].tile;
}

static int64_t list_bytes(const cs_local_gradient *g)
{
    return 16 * (g->terms / cs_most(1, g->window.channels)) + 64;
}

void cs_local_weights_split(cs_local_gradient *g, const cs_window *w, int64_t images)
{
    describe(g, w, images);
    g->tasks = g->terms ? w->groups * g->kernels : 0;
    g->scratch = list_bytes(g) + 2 * g->terms * g->window.size + 256;
}

/* What an output sees, term by term. */
static void take_patch(const cs_local_gradient *g, place p, const char *x, int64_t *lists, char *patch)
{
    const cs_window *w = &g->window;
    const int64_t all = g->terms / w->channels, size = w->size;
    const int64_t inside = list_inside(w->axis, p, lists, lists + all);
    memset(patch, 0, (size_t)(g->terms * size));
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t i = 0; i < inside; i++)
            memcpy(patch + (c * all + lists[i]) * size, x + (c * inputs(w) + lists[all + i]) * size, (size_t)size);
}

/* The rows of one kernel of a group, for each image the sum over the positions that use it. The result holds zeros
 * before. */
void cs_local_weights_run(const cs_local_gradient *g, int64_t task, const void *x, const void *dy, void *dw,
                          void *scratch)
{
    const cs_window *w = &g->window;
    const cs_axis *a = w->axis;
    const cs_table *k = cs_kernels(w->dtype);
    const int64_t group = task / g->kernels, kernel = task % g->kernels, size = w->size, row = g->terms * size;
    int64_t *lists = scratch;
    char *patch = (char *)scratch + list_bytes(g), *image = patch + row;
    const int64_t t2 = kernel % a[2].tile, t1 = kernel / a[2].tile % a[1].tile, t0 = kernel / a[2].tile / a[1].tile;
    const int once = t0 + a[0].tile >= a[0].out && t1 + a[1].tile >= a[1].out && t2 + a[2].tile >= a[2].out;
    for (int64_t n = 0; n < w->images; n++) {
        const char *xn = (const char *)x + (n * w->groups + group) * w->channels * inputs(w) * size;
        for (int64_t output = 0; output < w->outputs; output++) {
            const int64_t plane = (n * w->groups + group) * w->outputs + output;
            char *to = (char *)dw + ((group * w->outputs + output) * g->kernels + kernel) * row;
            int64_t seen = 0;
            memset(image, 0, (size_t)row);
            for (int64_t o0 = t0; o0 < a[0].out; o0 += a[0].tile)
                for (int64_t o1 = t1; o1 < a[1].out; o1 += a[1].tile)
                    for (int64_t o2 = t2; o2 < a[2].out; o2 += a[2].tile, seen++) {
                        const place p = {{o0, o1, o2}};
                        const int64_t o = (o0 * a[1].out + o1) * a[2].out + o2;
                        if (output == 0 || !once) take_patch(g, p, xn, lists, patch);
                        k->add_products(image, patch, (const char *)dy + (plane * positions(w) + o) * size, g->terms);
                    }
            if (seen) k->add_rows(to, image, g->terms);
        }
    }
}

void cs_local_input_split(cs_local_gradient *g, const cs_window *w, int64_t images, int threads)
{
    describe(g, w, images);
    g->block = 2 * images >= g->window.lanes ? g->window.lanes : 1;
    g->blocks = cs_ceil(images, g->block);
    const int64_t tasks = cs_most(1, g->blocks * w->groups);
    g->shares = cs_most(1, cs_least(w->channels, cs_ceil(threads > 1 ? 4 * threads : 1, tasks)));
    g->tasks = g->terms && w->outputs ? g->blocks * w->groups * g->shares : 0;
    g->scratch = list_bytes(g) + (cs_ceil(w->channels, g->shares) * inputs(w) + 1) * g->block * g->window.size + 256;
}

/* The gradients of one output of a block of images, side by side; 0 for images that do not exist. */
static void take_outputs(const cs_local_gradient *g, int64_t first, int64_t plane, int64_t o, const char *dy, char *to)
{
    const cs_window *w = &g->window;
    const int64_t apart = w->groups * w->outputs * positions(w), size = w->size;
    memset(to, 0, (size_t)(w->lanes * size));
    for (int64_t n = 0; n < cs_least(g->block, w->images - first); n++)
        memcpy(to + n * size, dy + ((first + n) * apart + plane * positions(w) + o) * size, (size_t)size);
}

/* The terms of an input are by output channel, then by tap in order, so by position from the last to the first. */
void cs_local_input_run(const cs_local_gradient *g, int64_t task, const void *weights, const void *dy, void *dx,
                        void *scratch)
{
    const cs_window *w = &g->window;
    const cs_table *k = cs_kernels(w->dtype);
    const int64_t share = task % g->shares, group = task / g->shares % w->groups;
    const int64_t first = task / g->shares / w->groups * g->block, size = w->size, all = g->terms / w->channels;
    const int64_t c0 = w->channels * share / g->shares, channels = w->channels * (share + 1) / g->shares - c0;
    const int64_t plane = inputs(w);
    int64_t *lists = scratch;
    char *sums = cs_aligned((char *)scratch + list_bytes(g));
    _Alignas(64) char vector[64];
    memset(sums, 0, (size_t)(channels * plane * g->block * size));
    for (int64_t output = group * w->outputs; output < (group + 1) * w->outputs; output++)
        for (int64_t o = positions(w) - 1; o >= 0; o--) {
            const place p = place_of(w->axis, o);
            const int64_t inside = list_inside(w->axis, p, lists, lists + all);
            const int64_t row = (output * g->kernels + kernel_of(w->axis, p)) * g->terms + c0 * all;
            take_outputs(g, first, output, o, dy, vector);
            k->scatter(sums, plane, lists + all, lists, inside, (const char *)weights + row * size, all, channels,
                       vector, g->block);
        }
    for (int64_t n = 0; n < cs_least(g->block, w->images - first); n++)
        for (int64_t i = 0; i < channels * plane; i++)
            memcpy((char *)dx + ((((first + n) * w->groups + group) * w->channels + c0) * plane + i) * size,
                   sums + (i * g->block + n) * size, (size_t)size);
}
