/* The state of one task, which its parts share. */
#ifndef CONVSPEC_TASK_H
#define CONVSPEC_TASK_H

#include "window.h"

typedef struct {
    int64_t h0, h1, w0, w1; /* rows and columns of the output */
} cs_box;

typedef struct { /* channels [from, to), and the taps of each */
    int64_t from, to, taps;
} cs_slice;

typedef struct {
    const cs_window *w;
    const cs_table *k;
    cs_side side[3];
    int64_t *terms;   /* offsets of the terms, in the strip and then in place */
    int64_t *rows;    /* where the rows of a strip start in a channel */
    int64_t *xs, *ys; /* a list of tiles: their places in the input and the output */
    char *strip, *tile, *sums; /* sums: of a slice of the terms */
    int64_t d;              /* the outermost output index */
    int64_t from, to;       /* blocks */
    int64_t groups;         /* those of the bundle */
    int64_t channel;        /* elements of a channel of the strip */
    int64_t packed_group;   /* bytes of the weights of a group */
    int64_t pixel;          /* elements of the input from one output to the next */
    const char *x, *packed; /* the first channel of the first of them */
    char *y;                /* its first output at (d, 0, 0) */
    cs_box listed;          /* the box that xs and ys are for, with the pitch and the pixel, and their number */
    int64_t pitch, listed_pixel, tiles;
    cs_box *boxes;     /* the outputs of each, from the first of the box on, which is this output */
    int64_t top, left;
    cs_box plain;      /* outputs whose tiles have all terms */
    const void *raw, *bias; /* weights that are not packed yet, where tasks do that, and a block of them that is */
    char *fresh;
    int64_t fresh_block, fresh_finite, all_finite;
    int64_t finite;    /* bytes from the packed weights of a group to the flags of its blocks; -1: there are none */
    cs_slice slice;
    cs_terms all, seen, some;
} cs_state;

void cs_lay_out_scratch(cs_state *t, char *scratch);
void cs_list_terms(cs_state *t);
/* The terms of a block which at least one of the outputs [h0, h1) x [w0, w1) sees, and others between them. */
const cs_terms *cs_seen_terms(cs_state *t, int64_t block, int64_t h0, int64_t h1, int64_t w0, int64_t w1);
/* [channel][run of columns][row][column], or, mixed, [run of columns][row][column][channel] */
void cs_fill_strip(cs_state *t, cs_box b, int64_t channels);
void cs_fill_groups(cs_state *t, cs_box b);                  /* [row][column][group] */

/* Whether the list of tiles is for another box; if so, the caller makes a new one. */
int cs_relist(cs_state *t, cs_box b, int64_t pitch);
void cs_start_slice(cs_state *t, int64_t slice);
/* What tiles [i, i + n) of the list see in this slice; sums: of those before. */
const cs_terms *cs_tile_terms(cs_state *t, int64_t block, int64_t i, int64_t n, const char *sums);

/* Compute a box of outputs from src, whose rows are `pitch` apart. */
void cs_pixel_tiles(cs_state *t, const char *src, int64_t pitch, const int64_t *off, cs_box b, char *y);
void cs_output_tiles(cs_state *t, const char *src, int64_t pitch, const int64_t *off, cs_box b, char *y);

/* All groups of a box of an image. */
void cs_channels_last_task(const cs_window *w, cs_box b, const void *x, const void *weights, void *y, void *scratch);

#endif
