/* The state of one task of pooling, which its parts share. */
#ifndef CONVSPEC_POOL_H
#define CONVSPEC_POOL_H

#include "pool_windows.h"

typedef struct {
    int64_t d, h0, h1, w0, w1; /* the outputs of one task in each plane */
} cs_pool_box;

typedef struct {
    const cs_window *w;
    const cs_table *k;
    int64_t *places, *counts; /* places: where a row of a plane is among the strips */
    int64_t *from, *starts;   /* the rows of the windows */
    int64_t *news, *brought;  /* the rows that are brought */
    int64_t *numbers;         /* 0, 1, 2 ... */
    int64_t *seen;            /* rows that squares see */
    int64_t *off, *row_divisors, *columns; /* columns: the first and the end of each window */
    cs_span *spans;
    cs_strip strip;
    int64_t pitch, here; /* elements of a strip; whether rows are read in place */
    char *divisors, *strips, *spare;
} cs_pool_state;

int64_t cs_pool_pitch(const cs_window *w);
int64_t cs_pool_columns(const cs_window *w); /* columns of the input that a box sees */
int cs_pool_by_quads(const cs_window *w);   /* whether squares have two rows and two columns, two apart: a row at a time */
int cs_pool_by_squares(const cs_window *w); /* whether vectors run down the rows of squares, read in place */
const cs_table *cs_square_kernels(const cs_window *w);
cs_squares cs_pool_squares(cs_pool_state *t, cs_pool_box b);
int cs_pool_by_planes(const cs_window *w); /* whether a vector holds one position of several planes */
/* Rows that a box of outputs may see, for each tap of the outermost axis; the strips it keeps. */
int64_t cs_pool_seen(const cs_window *w, int64_t height);
int64_t cs_pool_strips(const cs_window *w, int64_t height);
int64_t cs_pool_scratch(const cs_window *w);

/* What sums are divided by, a row for each number of taps along the outer axes, and where those of each row start. */
int64_t cs_divisors_size(const cs_window *w);
void cs_list_divisors(const cs_window *w, cs_pool_box b, int64_t *counts, void *divisors, int64_t *rows);

void cs_pool_lay_out(cs_pool_state *t, const cs_window *w, void *scratch);
/* All that the kernels need to know of a box. */
cs_pooling cs_pool_describe(cs_pool_state *t, cs_pool_box b);

#endif
