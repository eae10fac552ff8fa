/* All that the Cython module sees of the kernels: one description of a sliding window, and what is done with it.
 *
 * Every operator is one or several windows. Output o of an axis sees the inputs o * step + first + t * gap, t < taps;
 * inputs beyond the edges are `fill`, or what `boundary` says. x is (images, groups * channels, *in), with the strides of
 * cs_lay; weights and biases are contiguous; y has the strides given.
 */
#ifndef CONVSPEC_KERNELS_H
#define CONVSPEC_KERNELS_H

#include <stdint.h>

enum { CS_FMA, CS_LOCAL, CS_MAX, CS_MEAN, CS_ABS, CS_SQUARE, CS_POWER }; /* kind */
/* dtype; CS_BYTES: lanes of four unsigned bytes by four signed ones; CS_WORDS: of two signed words of 16 bits by two */
enum { CS_I8, CS_U8, CS_I16, CS_U16, CS_I32, CS_U32, CS_I64, CS_U64, CS_F32, CS_F64, CS_BYTES, CS_WORDS };
enum { CS_FILL, CS_WRAP, CS_SYMM, CS_REFLECT, CS_EDGE }; /* boundary */

typedef struct {
    int64_t in, out, step, taps, first, gap;
    int64_t w, y;                             /* elements between neighbours: taps in the weights, outputs in y */
    int64_t low, high, mean_first, mean_taps; /* a mean divides by the number of these taps at low <= input < high */
    int64_t tile;                             /* CS_LOCAL: output o uses kernel o % tile */
} cs_axis;

typedef struct {
    int64_t kind, dtype, boundary;
    int64_t groups, channels, outputs; /* channels and outputs of one group */
    int64_t w_base, w_group, w_output, w_channel, b_base, b_output, y_base, y_image, y_group, y_plane;
    cs_axis axis[3];
    /* The fields above are filled by the caller, in this order; those below by cs_lay, cs_choose and cs_split. */
    int64_t x_image, x_channel, x[3]; /* elements of x between images, channels, and the inputs of each axis */
    cs_axis apart[3];                 /* the axes before neighbours were merged to one */
    uint64_t fill;                    /* the bits of one element */
    double power;
    int64_t tiled; /* Winograd's tiles are asked for, wherever they can be used */
    int64_t by_pixels, by_rows, by_groups, depthwise, rows, vectors, blocks; /* the register tile, and its blocks over a group's outputs */
    int64_t slices; /* of channels: a tile's sums over one wait for those of other tiles */
    int64_t half; /* 1: computed with the next window, whose columns alternate with its own; 2: with the one before */
    int64_t in_place, terms, lanes, size, registers, packed; /* packed: where this window's weights start, in bytes */
    int64_t once, fresh; /* weights that serve one call may be left as they are; the task that reads a block packs it */
    int64_t images, planes, height, width,
        shares; /* a task: planes x height x width outputs of one share of the blocks */
    int64_t bundle; /* groups that are brought into a strip together */
    int64_t mixed;  /* elements from one input of such a strip to the next, with its channels between; 0: they are apart */
    int64_t plane_tasks, height_tasks, width_tasks, tasks;
    int64_t scratch;     /* bytes a thread needs */
    double cost, cycles; /* estimates, for one image and group, and for all tasks */
} cs_window;

enum { CS_FIELDS = 16 + 3 * 13 };

/* The strides of x in elements, as in cs_window; NULL: contiguous. What is chosen does not depend on them, so that weights
 * stay packed. */
void cs_lay(cs_window *w, const int64_t *strides);
void cs_choose(cs_window *w);
int cs_pool_mixed(const cs_window *w); /* whether pooling reads channels that are neighbours in x, and may write them so */
void cs_choose_pairs(cs_window *w, int64_t windows); /* of windows that have been chosen, before they are packed */
int64_t cs_packed_size(const cs_window *w); /* bytes */
int cs_finite(int64_t dtype, const void *x, int64_t n); /* whether no element is an infinity or a NaN */
/* Packs the blocks [first, last) of all groups. Whether their weights are finite. */
int cs_pack(const cs_window *w, int64_t first, int64_t last, const void *weights, const void *bias, void *packed);
void cs_split(cs_window *w, int64_t images, int threads);
/* Runs one task of all those of several windows. Whether weights that it packed are finite. */
int cs_run(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y,
            void *scratch);

/* Tasks are shared out so that a thread has the same ones in every call, and what they read and write in its cache, but one
 * that is ready takes from the others. next: for each share, CS_APART elements apart, the first task that nobody has taken.
 * The task, of those of a share; -1: there is none left. */
enum { CS_APART = 8 };
void cs_share_out(int64_t *next, int64_t tasks, int threads);
int64_t cs_take(int64_t *next, int64_t tasks, int share, int threads);
/* The same where a share has its part of each window; `next` begins with zeros. */
int64_t cs_take_within(const cs_window *w, int64_t windows, int64_t *next, int share, int threads);

/* y (images, channels, pixels) of x (images, pixels, channels), of numbers of `size` bytes. */
int64_t cs_unmix_tasks(int64_t images, int64_t pixels);
void cs_unmix(int64_t task, const void *x, int64_t channels, int64_t pixels, int64_t size, void *y);

/* What Winograd's algorithm sums over like channels: along each axis a part of the taps, from tap `at` on, of which [from, to)
 * are its own. */
typedef struct {
    int64_t at[3], from[3], to[3];
} cs_slab;
/* What some outputs of a row of tiles see: a rectangle of inputs. Of 4 x 4 outputs a tile, rows [r0, r1), and columns [c0, c1) of all. */
typedef struct {
    int64_t rows, columns, r0, r1, c0, c1;
} cs_view;

/* At least one byte, on a cache line, to be given to free; NULL if there is no memory. `lasting`: it is read many times. */
void *cs_allocate(int64_t bytes, int lasting);
/* The same for scratch, of which a block is kept for the next call; cs_give_back takes it. */
void *cs_borrow(int64_t bytes);
void cs_give_back(void *p);

const char *cs_isa(void);           /* the instruction set in use */
const char *cs_isa_name(int index); /* those this machine can run, best first; NULL after the last */
int cs_select(const char *name);    /* 0, or -1 for a name that is not available */
int cs_max_threads(void);           /* what OpenMP would use now; 1 without it */
int cs_openmp(void);

#endif
