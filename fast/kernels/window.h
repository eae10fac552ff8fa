/* What the choice of blocks and the execution of a task have in common: the shape of a strip of padded input. */
#ifndef CONVSPEC_WINDOW_H
#define CONVSPEC_WINDOW_H

#include "table.h"

/* Along an axis, a strip for n outputs holds `slots` runs of `length` inputs, `step` apart, the axis's own: a run for each
 * remainder of a tap's position by the step, or one for each tap where that is less. Neighbouring outputs are then
 * neighbours in the strip. Plain: one run of all inputs, where pixels are loaded one by one and may be apart. */
typedef struct {
    int64_t slots, length, shared, step;
} cs_layout;

static inline int64_t cs_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t cs_most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static inline int64_t cs_ceil(int64_t a, int64_t b) /* of a >= 0; cs_floor is of any a */
{
    return (a + b - 1) / b;
}
static inline int64_t cs_floor(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -cs_ceil(-a, b);
}

/* Whether an axis may have Winograd's tiles: three neighbouring taps or more, outputs one or two apart. From one channel to one
 * output those are better summed over whole groups at once, but for three taps and outputs one apart. */
static inline int cs_may_tile(const cs_window *w, const cs_axis *a)
{
    if (a->taps < 3 || a->step > 2 || (a->gap != 1 && a->gap != -1)) return 0;
    return (a->taps == 3 && a->step == 1) || w->channels * w->outputs > 1;
}

/* Whether register tiles are small: sums are kept in memory between slices of their terms then, and loads counted closely. */
static inline int cs_few_registers(const cs_window *w)
{
    return w->registers == 16;
}

/* Elements between what neighbouring taps see; the first and the last place that output 0 sees. */
static inline int64_t cs_gap(const cs_axis *a)
{
    return a->gap < 0 ? -a->gap : a->gap;
}
static inline int64_t cs_lowest(const cs_axis *a)
{
    return a->first + cs_least(0, (a->taps - 1) * a->gap);
}
static inline int64_t cs_highest(const cs_axis *a)
{
    return a->first + cs_most(0, (a->taps - 1) * a->gap);
}

static inline int64_t cs_positions(const cs_window *w) /* of outputs */
{
    return w->axis[0].out * w->axis[1].out * w->axis[2].out;
}

/* The most rows of a register tile of the gradient by the weights with so many vectors. */
static inline int64_t cs_outer_rows(const cs_table *k, int64_t vectors)
{
    int64_t rows = MAX_ROWS;
    while (!k->outer[rows][vectors]) rows--;
    return rows;
}

/* The first place from p on at which a cache line, or the longest vector, starts. */
static inline char *cs_aligned(const void *p)
{
    return (char *)(((uintptr_t)p + 63) & ~(uintptr_t)63);
}

/* Fetches the weights that some outputs have for a channel after this one, which is being packed, where those of the outputs are
 * neighbours: a run of a few lines, after which comes a step that the processor does not foresee. */
static inline void cs_fetch_weights(const cs_window *w, const char *channel, int64_t outputs)
{
    enum { AFTER = 2, LINE = 64, MOST = 2048 };
    const int64_t bytes = outputs * w->w_output * w->size;
    const char *from = channel + AFTER * w->w_channel * w->size;
    for (int64_t i = 0; bytes <= MOST && i < bytes + LINE; i += LINE) __builtin_prefetch(from + i);
}

cs_layout cs_lay_out(const cs_axis *a, int64_t n);
cs_layout cs_lay_out_columns(const cs_window *w, int64_t n);

/* One long row instead of many where no window reaches beyond its pixel, if they are neighbours in x too. */
void cs_merge(cs_window *w);

/* Lowers the rows of a tile of outputs to what a row of so many columns has. */
void cs_fit_rows(cs_window *w, int64_t columns);

/* The groups whose channels are few and interleaved in x: they are brought into a strip together. */
int64_t cs_bundle(const cs_window *w);
int64_t cs_plane_count(const cs_window *w); /* images, bundles of groups and depths */

/* Where pixels are loaded one by one, the channels of an input are neighbours in a strip if they are in x, or if turning them pays. */
int64_t cs_mixed(const cs_window *w);

static inline int cs_turned(const cs_window *w) /* in such a strip, and not in x */
{
    return w->mixed && w->x_channel != 1;
}

/* A strip's geometry along an axis. */
typedef struct {
    const cs_axis *axis;
    cs_layout layout;
} cs_side;

int64_t cs_tap_slot(const cs_side *s, int64_t t, int64_t *at); /* the run of tap t of output 0, and its place there */
int64_t cs_slot_start(const cs_side *s, int64_t slot);         /* where a run starts in the input, for output 0 */

/* Whether taps of some outputs see padding, of zeros: then each block of packed weights has a flag, that they are finite. */
int cs_padded(const cs_window *w);
int64_t cs_block_bytes(const cs_window *w); /* of a whole block over outputs */
int cs_pack_block(const cs_window *w, int64_t block, const void *weights, const void *bias, char *p); /* like cs_pack */
int64_t cs_flags(const cs_window *w); /* where those of a group start, in bytes from its weights; all groups' of by_groups */

/* The outputs [from, to) of an axis whose windows do not reach beyond the edges. */
void cs_interior(const cs_axis *a, int64_t *from, int64_t *to);

/* Elements of a strip and of the tile that outputs pass through, and the number of tiles, for the chosen blocks. */
int64_t cs_strip_size(const cs_window *w, int64_t height, int64_t width);
int64_t cs_tile_size(const cs_window *w);
int64_t cs_panel_rows(const cs_window *w); /* rows and columns of outputs in such a tile */
int64_t cs_panel_columns(const cs_window *w);
int64_t cs_list_size(const cs_window *w);

/* The kernel that an output uses, of those that positions have. */
static inline int64_t cs_kernel_at(const cs_axis *a, int64_t o0, int64_t o1, int64_t o2)
{
    return (o0 % a[0].tile * a[1].tile + o1 % a[1].tile) * a[2].tile + o2 % a[2].tile;
}

/* The position in [0, n) of input i, or -1 where it is the fill value. */
static inline int64_t cs_position(int64_t i, int64_t n, int64_t boundary)
{
    if (i >= 0 && i < n) return i;
    if (boundary == CS_FILL) return -1;
    if (boundary == CS_EDGE || n == 1) return i < 0 ? 0 : n - 1;
    const int64_t period = boundary == CS_WRAP ? n : boundary == CS_SYMM ? 2 * n : 2 * n - 2;
    const int64_t m = (i % period + period) % period;
    return m < n ? m : boundary == CS_SYMM ? period - 1 - m : period - m;
}

/* A row of `count` inputs from position `start` on, `step` apart. */
static inline cs_row cs_row_of(const cs_window *w, int64_t start, int64_t step, int64_t count)
{
    const int64_t in = w->axis[2].in;
    const int64_t inside = cs_least(count, start < 0 ? cs_ceil(-start, step) : 0);
    const int64_t outside = cs_most(inside, cs_least(count, start < in ? cs_ceil(in - start, step) : 0));
    return (cs_row){start, step, count, inside, outside, in, w->boundary, w->fill, w->x[2], 1, w->x_channel};
}

/* Where so many rows of a plane start that are as far apart as outputs, from row `top` on, if the plane starts at `base`. */
static inline void cs_list_starts(const cs_window *w, int64_t base, int64_t top, int64_t rows, int64_t *starts)
{
    const cs_axis *a = &w->axis[1];
    for (int64_t r = 0; r < rows; r++) {
        const int64_t row = top + r * a->step;
        starts[r] = base == ROW_OUTSIDE || row < 0 || row >= a->in ? ROW_OUTSIDE : base + row * w->x[1];
    }
}

/* The number of vectors that cover rows x columns pixels; narrow rows, `pitch` apart, share vectors. */
int64_t cs_vectors(int64_t rows, int64_t columns, int64_t pitch, int64_t lanes);

/* The rows of the smallest tile that takes a single run of `half` pixels in two parts. */
static inline int64_t cs_single_run(int64_t half)
{
    return half + half % 2;
}

/* to[c][i] = from[i][c], i < count: a row of pixels, whose channels become rows that are `apart`. */
void cs_turn_pixels(const cs_table *k, char *to, int64_t apart, const char *from, int64_t channels, int64_t count);

int64_t cs_scratch_bytes(const cs_window *w);
/* Depthwise windows whose channels are neighbours in x and y. */
int cs_channels_last(const cs_window *w);
int64_t cs_channels_last_bytes(const cs_window *w);
tile_depthwise *cs_lines(const cs_window *w); /* for depthwise windows: the kernel for whole rows, or NULL */
int cs_depthwise_suits(const cs_window *w); /* one output from few channels, rows read in place */
double cs_depthwise_cycles(const cs_window *w);
void cs_depthwise_split(cs_window *w, int threads);
void cs_depthwise_task(const cs_window *w, int64_t task, const void *x, const void *weights, void *y, void *scratch);

double cs_pool_cycles(const cs_window *w);
void cs_pool_split(cs_window *w, int threads);
void cs_pool_task(const cs_window *w, int64_t task, const void *x, void *y, void *scratch);
double cs_local_cycles(const cs_window *w);
void cs_local_split(cs_window *w, int threads);
void cs_local_task(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y,
                   void *scratch);

#endif
