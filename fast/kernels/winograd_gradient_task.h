/* The state of a task of the gradient by Winograd's tiles. */
#ifndef CONVSPEC_WINOGRAD_GRADIENT_TASK_H
#define CONVSPEC_WINOGRAD_GRADIENT_TASK_H

#include "gradient_task.h"
#include "winograd_gradient.h"

typedef struct {
    const cs_tile_gradient *g;
    const cs_table *k;
    int64_t part, image, begun, h0, h1, w0, w1, tiles;  /* a box: rows and columns of tiles */
    int64_t block, blocks, channels, step, step_dy; /* vectors of channels of the parts; elements from point to point */
    const char *x, *dy;
    char *total, *partial, *dw;
    int64_t *places, *tile_places, *at, *starts; /* of pixels in a strip; of tiles, and of channels, at a point; of rows */
    char *strip, *strip_dy, *folded, *columns, *peaks, *seen, *v, *v_dy, *sums;
} cs_tile_task;

/* Of a box: rows and columns of the inputs. */
int64_t cs_tile_rows(const cs_tile_gradient *g);
int64_t cs_tile_columns(const cs_tile_gradient *g);
int64_t cs_tile_blocks(const cs_tile_gradient *g);

/* Bytes of the sums of so many panels. */
int64_t cs_tile_sums(const cs_tile_gradient *g, int64_t panels);

/* A vector of channels of the parts of the taps, of which each has all: the first among them all, and their count. */
typedef struct {
    int64_t first, count;
} cs_block;
cs_block cs_find_block(const cs_tile_gradient *g, int64_t block);

/* One of these channels: that of the group, and its part. All parts of a channel are near each other, so that a thread has all taps of its
 * channels: of a vector of channels one part after the other, or of a channel all those by the remainder. */
typedef struct {
    int64_t channel, slab;
} cs_part_channel;
cs_part_channel cs_find_channel(const cs_tile_gradient *g, int64_t i);

/* Along an axis the first tap of a part, and how many of its taps the part before has already. */
typedef struct {
    int64_t first, known;
} cs_part_taps;
cs_part_taps cs_find_part(const cs_tile_gradient *g, int64_t slab, int axis);

/* The inputs of the box at the points: v[point][vector of channels][tile], and what is seen of them if `note`; the gradients of a panel's
 * outputs: v_dy[point][tile][vector of outputs]. */
void cs_tile_inputs(const cs_tile_task *t, int note);
void cs_tile_outputs(const cs_tile_task *t, int64_t panel, int64_t vectors);

/* Vectors of a vector of channels for what is seen of them; adds the magnitudes of one whose strip has been filled; after all boxes of an
 * image a mark for each channel of which some tap sees less than a quarter, and whether there is one. */
int64_t cs_seen_vectors(const cs_tile_gradient *g);
void cs_note_seen(const cs_tile_task *t, int64_t block);
int cs_mark_channels(const cs_tile_task *t, char *marks);

#endif
