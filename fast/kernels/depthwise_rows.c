/* The rows of inputs that a band of outputs of a plane sees. */
#include "depthwise.h"

/* The plane that tap t of the outermost axis sees, and row i of those that the band sees of one. Taps that go up see rows of outputs from
 * the last one on: to these the rows descend, as the taps do. */
static int64_t plane_at(const cs_band *b, int64_t t)
{
    const cs_axis *a = &b->w->axis[0];
    return b->depth * a->step + a->first + t * a->gap;
}
static int64_t row_at(const cs_band *b, int64_t i)
{
    const cs_axis *a = &b->w->axis[1];
    const int64_t top = a->gap < 0 ? b->top + b->d->height - 1 : b->top;
    return top * a->step + a->first + (a->gap < 0 ? -i : i);
}

/* Rows of a channel: where the first one starts, elements from one to the next, and which of them exist. */
typedef struct {
    int64_t start, step, from, to;
} seen;

static seen rows_seen(const cs_band *b, int64_t t)
{
    const cs_window *w = b->w;
    const int64_t p = plane_at(b, t), row = row_at(b, 0), in = w->axis[1].in, up = w->axis[1].gap < 0;
    const int64_t from = up ? row - in + 1 : -row, to = p < 0 || p >= w->axis[0].in ? 0 : up ? row + 1 : in - row;
    return (seen){p * w->x[0] + row * w->x[1], up ? -w->x[1] : w->x[1], cs_least(cs_most(from, 0), b->d->slab),
                  cs_least(to, b->d->slab)};
}

/* Where row i starts in a channel: beyond the edges that which the boundary says, if any. */
static int64_t row_start(const cs_band *b, int64_t t, int64_t i)
{
    const cs_window *w = b->w;
    const int64_t p = cs_position(plane_at(b, t), w->axis[0].in, w->boundary);
    const int64_t row = cs_position(row_at(b, i), w->axis[1].in, w->boundary);
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

/* The first column of output 0 in each copy is where `ends` says, as in the rows. */
void cs_list_ends(cs_band *b, int64_t group)
{
    const cs_window *w = b->w;
    const cs_axis *v = &w->axis[2];
    const int64_t rows = b->d->slab, columns = b->d->end, in_place = w->x[2] == 1;
    const char *from = in_place ? b->x + group * w->x_channel * w->size : b->brought + group * rows * v->in * w->size;
    for (int64_t i = 0; i < rows; i++) {
        const int64_t start = row_start(b, 0, i);
        b->starts[i] = in_place || start == ROW_OUTSIDE ? start : i * v->in;
    }
    for (int last = 0; last < 2; last++) {
        const int64_t shift = last * (v->out - 2 * w->lanes);
        cs_row r = cs_row_of(w, cs_lowest(v) + shift, 1, columns);
        char *to = b->ends + last * rows * columns * w->size;
        r.pixel = 1;
        cs_kernels(w->dtype)->copy_rows(to, 0, columns, from, b->starts, rows, &r);
        b->d->ends[last] = to + (v->first - cs_lowest(v) - shift) * w->size;
    }
}
