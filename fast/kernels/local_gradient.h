/* Gradients where kernels are shared by few positions or none: by the weights, a task for each kernel of a group; by the
 * input, a task for some channels of some images. */
#ifndef CONVSPEC_LOCAL_GRADIENT_H
#define CONVSPEC_LOCAL_GRADIENT_H

#include "kernels.h"

typedef struct {
    cs_window window; /* the operator, of kind CS_LOCAL */
    int64_t terms, kernels;
    int64_t block, blocks, shares; /* images together, their number, and shares of a group's channels */
    int64_t tasks, scratch;
} cs_local_gradient;

void cs_local_weights_split(cs_local_gradient *g, const cs_window *w, int64_t images);
void cs_local_weights_run(const cs_local_gradient *g, int64_t task, const void *x, const void *dy, void *dw,
                          void *scratch);
void cs_local_input_split(cs_local_gradient *g, const cs_window *w, int64_t images, int threads);
void cs_local_input_run(const cs_local_gradient *g, int64_t task, const void *w, const void *dy, void *dx,
                        void *scratch);

#endif
