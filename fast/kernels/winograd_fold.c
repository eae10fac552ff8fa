/* Winograd's convolution of few channels whose outputs are apart: what the taps with the same remainder by that distance see, down and
 * across, is a channel of its own, in which neighbouring outputs see neighbours. 11x11 by 4 of 3 channels is 3x3 of 48. */
#include "winograd_box.h"

/* The rows of x that part i of the rows of taps sees at a depth tap, in each row of the strip. */
static void list_starts(const cs_tile_box *b, int64_t tap, int64_t i)
{
    const cs_axis *a = b->g->axis;
    const int64_t *x = b->g->window.x, d = b->depth * a[0].step + a[0].first + tap * a[0].gap;
    const int64_t top = b->h0 * b->g->down * a[1].step + a[1].first + i;
    for (int64_t r = 0; r < b->rows; r++) {
        const int64_t row = top + r * a[1].step;
        b->starts[r] = d < 0 || d >= a[0].in || row < 0 || row >= a[1].in ? ROW_OUTSIDE : d * x[0] + row * x[1];
    }
}

void cs_fold_inputs(const cs_tile_box *b, const char *image, int64_t tap)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    const int64_t pixels = b->rows * b->columns, left = b->w0 * g->across * a[2].step + a[2].first;
    char *to = b->folded;
    for (int64_t i = 0; i < g->slab[1]; i++) {
        list_starts(b, tap, i);
        for (int64_t j = 0; j < g->slab[2]; j++, to += w->channels * pixels * w->size) {
            cs_row r = cs_row_of(w, left + j, a[2].step, b->columns);
            r.channels = w->channels;
            b->k->copy_rows(to, pixels, b->columns, image, b->starts, b->rows, &r);
        }
    }
}

void cs_peaks_of_all(const cs_tile_box *b, char *peaks)
{
    const cs_winograd *g = b->g;
    const int64_t pixels = b->rows * b->columns, plane = pixels * g->window.size, C = g->window.channels;
    for (int64_t i = 0; i < g->slabs; i++) {
        const cs_slab s = cs_find_slab(g, i);
        if (cs_whole(g, &s)) b->k->peaks_of_planes(peaks, b->folded + i * C * plane, pixels, C);
    }
}
