/* The rows of inputs that a band of outputs of a plane sees. */
#include <string.h>

#include "depthwise.h"

/* Rows of inputs: where the first one starts, elements from one to the next, and which of them exist. */
typedef struct {
    int64_t start, step, from, to;
} seen;

/* Those of a channel that tap t of the outermost axis sees. Taps that go up see rows of outputs from the last one on: to these the rows
 * descend, as the taps do. */
static seen rows_seen(const cs_band *b, int64_t t)
{
    const cs_axis *a = b->w->axis;
    const int64_t step = a[1].gap < 0 ? -1 : 1, top = step < 0 ? b->top + b->d->height - 1 : b->top;
    const int64_t row = top * a[1].step + a[1].first, p = b->depth * a[0].step + a[0].first + t * a[0].gap;
    const int64_t from = step > 0 ? -row : row - a[1].in + 1, to = step > 0 ? a[1].in - row : row + 1;
    return (seen){p * b->w->x[0] + row * b->w->x[1], step * b->w->x[1], cs_least(cs_most(from, 0), b->d->slab),
                  p >= 0 && p < a[0].in ? cs_least(to, b->d->slab) : 0};
}

/* Where row i of these starts in the channel: beyond the edges that which the boundary says, if any. */
static int64_t row_start(const cs_band *b, int64_t t, int64_t i)
{
    const cs_window *w = b->w;
    const cs_axis *a = w->axis;
    const int64_t first = a[1].gap < 0 ? b->top + b->d->height - 1 : b->top;
    const int64_t p = cs_position(b->depth * a[0].step + a[0].first + t * a[0].gap, a[0].in, w->boundary);
    const int64_t row = cs_position(first * a[1].step + a[1].first + (a[1].gap < 0 ? -i : i), a[1].in, w->boundary);
    return p < 0 || row < 0 ? ROW_OUTSIDE : p * w->x[0] + row * w->x[1];
}

void cs_bring(cs_band *b)
{
    const cs_window *w = b->w;
    const int64_t in = w->axis[2].in, rows = w->axis[0].taps * b->d->slab;
    const cs_row r = {0, 1, in, 0, in, in, CS_FILL, 0, w->x[2], b->groups * w->channels, w->x_channel};
    for (int64_t i = 0; i < rows; i++) b->starts[i] = row_start(b, i / b->d->slab, i % b->d->slab);
    cs_kernels(w->dtype)->copy_rows(b->brought, rows * in, in, b->x, b->starts, rows, &r);
}

/* Row i of channel c, which does not lie in the input. */
static const void *beyond(const cs_band *b, int64_t c, int64_t t, int64_t i)
{
    const cs_window *w = b->w;
    const int64_t start = w->boundary == CS_FILL ? ROW_OUTSIDE : row_start(b, t, i);
    if (start == ROW_OUTSIDE) return b->zeros;
    if (w->x[2] == 1) return b->x + (c * w->x_channel + start) * w->size;
    return b->brought + ((c * w->axis[0].taps + t) * b->d->slab + i) * w->axis[2].in * w->size;
}

void cs_list_rows(cs_band *b, int64_t group)
{
    const cs_window *w = b->w;
    const int64_t taps = w->axis[0].taps, slab = b->d->slab, in_place = w->x[2] == 1, in = w->axis[2].in * w->size;
    const void **to = b->rows;
    for (int64_t c = group * w->channels; c < (group + 1) * w->channels; c++) {
        for (int64_t t = 0; t < taps; t++) {
            const seen s = rows_seen(b, t);
            const int64_t pitch = in_place ? s.step * w->size : in;
            const char *row = in_place ? b->x + (c * w->x_channel + s.start) * w->size : b->brought + (c * taps + t) * slab * in;
            int64_t i = 0;
            for (; i < s.from; i++) *to++ = beyond(b, c, t, i);
            for (row += i * pitch; i < s.to; i++, row += pitch) *to++ = row;
            for (; i < slab; i++) *to++ = beyond(b, c, t, i);
        }
    }
}

static void copy_element(char *to, const void *from, int64_t size)
{
    if (size == 4) {
        memcpy(to, from, 4);
    } else {
        memcpy(to, from, 8);
    }
}

/* Copies of an end of each row that is listed, from column `low` on. */
static void copy_ends(const cs_band *b, char *to, int64_t low)
{
    const cs_window *w = b->w;
    const int64_t columns = b->d->end, size = w->size, in = w->axis[2].in;
    const int64_t from = cs_most(0, -low), end = cs_most(from, cs_least(columns, in - low));
    for (int64_t i = 0; i < b->d->slab; i++, to += columns * size) {
        const char *row = b->rows[i];
        memcpy(to + from * size, row + (low + from) * size, (size_t)((end - from) * size));
        for (int64_t j = from > 0 ? 0 : end; j < columns; j = j + 1 == from ? end : j + 1) {
            const int64_t p = cs_position(low + j, in, w->boundary);
            copy_element(to + j * size, p < 0 ? b->zeros : row + p * size, size);
        }
    }
}

/* The first column of output 0 in each copy is where `ends` says, as in the rows. */
void cs_list_ends(cs_band *b)
{
    const cs_window *w = b->w;
    const cs_axis *v = &w->axis[2];
    char *last = b->ends + b->d->slab * b->d->end * w->size;
    const int64_t right = v->out - 2 * w->lanes, first = v->first - cs_lowest(v);
    copy_ends(b, b->ends, cs_lowest(v));
    copy_ends(b, last, cs_lowest(v) + right);
    b->d->ends[0] = b->ends + first * w->size, b->d->ends[1] = last + (first - right) * w->size;
}
