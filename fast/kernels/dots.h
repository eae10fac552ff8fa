/* Images of small integers: a lane of 32 bits takes four bytes, or two words of 16 bits, at a time. */
#ifndef CONVSPEC_DOTS_H
#define CONVSPEC_DOTS_H

#include "kernels.h"

typedef struct {
    int64_t in[3], out[3], first[3], taps[3]; /* output o of an axis sees the inputs o + first + t, t < taps */
    int64_t from, size, boundary, fill;       /* dtype of the image; bytes of an output */
    int64_t words;  /* whether inputs are taken as words of 16 bits, two at a time, rather than as four bytes */
    int64_t groups; /* lanes of weights in a row of the kernel, whose last may be padded with zeros */
    int64_t start;  /* the initial value of a sum, which undoes `flip` */
    int64_t x[3]; /* elements between inputs */
    /* Filled by cs_dots_split: */
    int64_t flip;          /* 1 where inputs are read with their highest bit turned, to change their sign's meaning */
    int64_t height, width; /* a task: so many rows and columns */
    int64_t length, tall_tasks, wide_tasks, tasks, scratch;
} cs_dots;

enum { CS_DOTS_FIELDS = 19 };

int cs_dots_available(int64_t words); /* whether the instruction set in use has this kernel */
void cs_dots_split(cs_dots *d, int threads);
void cs_dots_run(const cs_dots *d, int64_t task, const void *x, const int32_t *w, void *y, void *scratch);

#endif
