/* Depthwise convolution where channels are neighbours in x and in y: a few pixels with all of their channels at a time, read where
 * they are. Strips, a vector of channels each, would hold parts of cache lines that all strips of a band need. */
#include <string.h>

#include "task.h"

static const cs_last *kernel_of(const cs_window *w)
{
    const cs_axis *v = &w->axis[2];
    const cs_last *kernel = v->taps <= MAX_VECTORS && v->step <= 2 ? &cs_kernels(w->dtype)->last[v->step][v->taps] : NULL;
    return kernel && kernel->tile && (v->gap == 1 || (v->gap == -1 && v->step == 1)) ? kernel : NULL;
}

int cs_channels_last(const cs_window *w)
{
    const cs_axis *d = &w->axis[0], *v = &w->axis[2];
    if (!w->by_groups || d->taps != 1 || d->in != 1 || d->out != 1 || d->first || w->groups % w->lanes) return 0;
    return w->x_channel == 1 && w->x[2] != 1 && w->y_plane == 1 && v->y > 1 && kernel_of(w) != NULL;
}

int64_t cs_channels_last_bytes(const cs_window *w)
{
    return w->groups * w->size + (w->terms + 3 * w->axis[1].taps) * 8 + 128;
}

/* What the outputs of a row see. */
typedef struct {
    const cs_window *w;
    const cs_last *kernel;
    const char *zeros, **rows; /* of inputs, or zeros where there are none */
    int64_t *apart;            /* elements between the pixels of each */
    const void **places, **starts;
    const char *weights;
} cs_line;

static cs_line lay_out(const cs_window *w, const void *weights, char *scratch)
{
    const int64_t taps = w->axis[1].taps;
    char *zeros = cs_aligned(scratch);
    const char **rows = (const char **)cs_aligned(zeros + w->groups * w->size);
    memset(zeros, 0, (size_t)(w->groups * w->size));
    return (cs_line){w, kernel_of(w), zeros, rows, (int64_t *)(rows + taps), (const void **)rows + 3 * taps,
                     (const void **)rows + 2 * taps, weights};
}

static void list_rows(cs_line *l, int64_t row, const char *x)
{
    const cs_axis *h = &l->w->axis[1];
    for (int64_t t = 0; t < h->taps; t++) {
        const int64_t p = h->first + row * h->step + t * h->gap;
        const int inside = p >= 0 && p < h->in;
        l->rows[t] = inside ? x + p * l->w->x[1] * l->w->size : l->zeros;
        l->apart[t] = inside ? l->w->x[2] : 0;
    }
}

/* A pixel, some columns of which may not exist. */
static void run_pixel(cs_line *l, int64_t column, char *y)
{
    const cs_window *w = l->w;
    const cs_axis *v = &w->axis[2];
    for (int64_t i = 0; i < w->terms; i++) {
        const int64_t p = v->first + column * v->step + i % v->taps * v->gap, r = i / v->taps;
        l->places[i] = p >= 0 && p < v->in ? l->rows[r] + p * l->apart[r] * w->size : l->zeros;
    }
    cs_kernels(w->dtype)->last_pixel(l->places, w->terms, w->groups, l->weights, y + column * v->y * w->size);
}

/* Neighbouring pixels that see columns that exist. Where taps go to the left, so do pixels. */
static void run_tile(cs_line *l, int64_t column, char *y)
{
    const cs_window *w = l->w;
    const cs_axis *v = &w->axis[2];
    const int64_t taps = w->axis[1].taps, start = v->gap < 0 ? column + l->kernel->pixels - 1 : column;
    for (int64_t t = 0; t < taps; t++) {
        l->starts[t] = l->rows[t] + (v->first + start * v->step) * l->apart[t] * w->size;
        if (v->gap < 0) l->apart[t] = -l->apart[t];
    }
    l->kernel->tile(l->starts, l->apart, taps, w->groups, l->weights, y + start * v->y * w->size, v->gap * v->y);
    for (int64_t t = 0; t < taps && v->gap < 0; t++) l->apart[t] = -l->apart[t];
}

void cs_channels_last_task(const cs_window *w, cs_box b, const void *x, const void *weights, void *y, void *scratch)
{
    cs_line l = lay_out(w, weights, scratch);
    int64_t from, to;
    cs_interior(&w->axis[2], &from, &to);
    from = cs_most(from, b.w0), to = cs_least(to, b.w1);
    if (to - from < l.kernel->pixels) from = to = b.w1;
    for (int64_t row = b.h0; row < b.h1; row++) {
        char *line = (char *)y + row * w->axis[1].y * w->size;
        list_rows(&l, row, x);
        for (int64_t c = b.w0; c < from; c++) run_pixel(&l, c, line);
        for (int64_t c = from; c < to; c += l.kernel->pixels) run_tile(&l, cs_least(c, to - l.kernel->pixels), line);
        for (int64_t c = to; c < b.w1; c++) run_pixel(&l, c, line);
    }
}
