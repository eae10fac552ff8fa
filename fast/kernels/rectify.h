/* ReLU and its gradient: y is x where the gate is positive or NaN, else 0. */
#ifndef CONVSPEC_RECTIFY_H
#define CONVSPEC_RECTIFY_H

#include <stdint.h>

/* n floats of so many bytes; x and the gate may be y. */
void cs_rectify(const void *x, const void *gate, void *y, int64_t n, int64_t size);

#endif
