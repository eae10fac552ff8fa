/* Layers of small integers: channels are joined, four bytes or two words a lane of 32 bits, before they are windows. */
#ifndef CONVSPEC_JOIN_H
#define CONVSPEC_JOIN_H

#include "kernels.h"

typedef struct {
    int64_t from;                      /* dtype of x */
    int64_t width, flip;               /* bits of a channel in a lane; those that are turned */
    int64_t images, groups, channels;  /* channels of a group */
    int64_t in[3];
    /* Filled by cs_join_lay: */
    int64_t x_image, x_channel, x[3]; /* elements between inputs */
    int64_t lanes, tasks;
} cs_join;

enum { CS_JOIN_FIELDS = 9 };

/* x has the strides given, in elements, between images, channels and the inputs of each axis. */
void cs_join_lay(cs_join *j, const int64_t *strides);
/* One lane of a group of an image, at all its places; y is (images, groups, lanes, *in), contiguous. */
void cs_join_run(const cs_join *j, int64_t task, const void *x, uint32_t *y);

#endif
