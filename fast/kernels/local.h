/* Unshared and sparsely shared kernels: by positions, for few images, or by images. */
#ifndef CONVSPEC_LOCAL_H
#define CONVSPEC_LOCAL_H

#include "window.h"

/* Whether vectors are over images: how many of them and how many neighbouring positions a task has. */
int cs_local_suits_images(cs_window *w);
void cs_local_images_split(cs_window *w, int threads);
void cs_local_images_task(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y,
                          void *scratch);

#endif
