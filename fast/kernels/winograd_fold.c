/* Winograd's convolution of few channels whose outputs are apart: what the taps with the same remainder by that distance see, down and
 * across, is a channel of its own, in which neighbouring outputs see neighbours. 11x11 by 4 of 3 channels is 3x3 of 48. */
#include "winograd_box.h"

void cs_fold_inputs(const cs_tile_box *b, const char *image, int64_t tap)
{
    const cs_winograd *g = b->g;
    const cs_window *w = &g->window;
    const cs_axis *a = g->axis;
    const int64_t pixels = b->rows * b->columns, d = b->depth * a[0].step + a[0].first + tap * a[0].gap;
    const int64_t base = d < 0 || d >= a[0].in ? ROW_OUTSIDE : d * w->x[0];
    const int64_t top = b->h0 * g->down * a[1].step + a[1].first, left = b->w0 * g->across * a[2].step + a[2].first;
    char *to = b->folded;
    for (int64_t i = 0; i < g->slab[1]; i++) {
        cs_list_starts(w, base, top + i, b->rows, b->starts);
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
