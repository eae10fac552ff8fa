/* Weights in the order in which a tile reads them: for each block of outputs its initial values, then its weights term by term. */
#include <string.h>

#include "window.h"

/* The outputs [from, to) of a block, and how many a term of it holds: a block over outputs is padded to whole vectors. */
static int64_t block_range(const cs_window *w, int64_t block, int64_t *from, int64_t *to)
{
    if (w->by_pixels) {
        *from = w->outputs * block / w->blocks, *to = w->outputs * (block + 1) / w->blocks;
        return *to - *from;
    }
    *from = block * w->vectors * w->lanes;
    *to = cs_least(w->outputs, *from + w->vectors * w->lanes);
    return cs_ceil(*to - *from, w->lanes) * w->lanes;
}

/* Elements of one group. */
static int64_t group_size(const cs_window *w)
{
    const int64_t outputs = w->by_pixels ? w->outputs : cs_ceil(w->outputs, w->lanes) * w->lanes;
    return outputs * (w->terms + 1);
}

int64_t cs_packed_size(const cs_window *w)
{
    return w->kind == CS_FMA ? w->groups * group_size(w) * w->size : 0;
}

static inline void put(char *to, int64_t i, const char *from, int64_t j, int64_t size)
{
    if (size == 4) {
        memcpy(to + 4 * i, from + 4 * j, 4);
    } else {
        memcpy(to + 8 * i, from + 8 * j, 8);
    }
}

void cs_pack(const cs_window *w, int64_t block, const void *weights, const void *bias, void *packed)
{
    const int64_t group = block / w->blocks, size = w->size;
    const cs_axis *a = w->axis;
    int64_t from, to, t = 1;
    const int64_t wide = block_range(w, block % w->blocks, &from, &to), outputs = to - from;
    char *p = (char *)packed + (group * group_size(w) + from * (w->terms + 1)) * size;
    const char *source = weights, *b = bias;
    memset(p, 0, (size_t)(wide * size));
    for (int64_t k = 0; b && k < outputs; k++)
        put(p, k, b, w->b_base + (group * w->outputs + from + k) * w->b_output, size);
    const int64_t base = w->w_base + group * w->w_group + from * w->w_output;
    if (wide > outputs) memset(p + wide * size, 0, (size_t)(wide * w->terms * size));
    for (int64_t c = 0; c < w->channels; c++)
        for (int64_t d = 0; d < a[0].taps; d++)
            for (int64_t h = 0; h < a[1].taps; h++)
                for (int64_t v = 0; v < a[2].taps; v++, t++) {
                    const int64_t at = base + c * w->w_channel + d * a[0].w + h * a[1].w + v * a[2].w;
                    for (int64_t k = 0; k < outputs; k++) put(p, t * wide + k, source, at + k * w->w_output, size);
                }
}
