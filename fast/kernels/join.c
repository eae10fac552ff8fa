/* Joins the channels of a layer of small integers. */
#include <string.h>

#include "join.h"
#include "window.h"

void cs_join_lay(cs_join *j, const int64_t *strides)
{
    j->x_image = strides[0], j->x_channel = strides[1];
    memcpy(j->x, strides + 2, sizeof j->x);
    for (int i = 1; i >= 0; i--) { /* one long row of neighbouring ones */
        if (j->x[i] != j->in[2] * j->x[2]) break;
        j->in[2] *= j->in[i], j->in[i] = 1;
    }
    j->lanes = cs_ceil(j->channels, 32 / j->width);
    j->tasks = j->images * j->groups * j->lanes;
}

void cs_join_run(const cs_join *j, int64_t task, const void *x, uint32_t *y)
{
    const cs_table *k = cs_kernels(j->from);
    const int64_t lane = task % j->lanes, group = task / j->lanes % j->groups, image = task / j->lanes / j->groups;
    const int64_t first = lane * (32 / j->width), channels = cs_least(32 / j->width, j->channels - first);
    const char *from = (const char *)x + (image * j->x_image + (group * j->channels + first) * j->x_channel) * k->size;
    y += task * j->in[0] * j->in[1] * j->in[2];
    for (int64_t d = 0; d < j->in[0]; d++)
        for (int64_t h = 0; h < j->in[1]; h++, y += j->in[2])
            k->join(y, from + (d * j->x[0] + h * j->x[1]) * k->size, j->width, channels, j->x[2], j->x_channel,
                    (uint32_t)j->flip, j->in[2]);
}
