/* Lanes of 32 bits that hold the same input of some channels: the first channel in the lowest bits. */

/* Any number of places. */
INLINE void FN(join_places)(const int64_t channels, const int width, const int64_t pixel, const int64_t channel,
                            uint32_t *restrict y, const T *restrict x, uint32_t flip, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t lane = 0;
        UNROLL
        for (int64_t c = 0; c < channels; c++)
            lane |= ((uint32_t)x[i * pixel + c * channel] & ((1u << width) - 1)) << c * width;
        y[i] = lane ^ flip;
    }
}

/* Neighbouring places, at least JOINED of them, so many at once: the last overlap those before. */
INLINE void FN(join_rows)(const int64_t channels, const int width, int64_t channel, uint32_t *y, const T *x,
                          uint32_t flip, int64_t n)
{
    for (int64_t next = 0; next < n; next += JOINED) {
        const int64_t at = next < n - JOINED ? next : n - JOINED;
        FN(join_places)(channels, width, 1, channel, y + at, x + at, flip, JOINED);
    }
}

/* `channels` of them, of `width` bits each; the others of a lane are 0, before the bits of `flip` are turned. */
static void FN(join)(uint32_t *y, const void *x, int64_t width, int64_t channels, int64_t pixel, int64_t channel,
                     uint32_t flip, int64_t n)
{
    const int full = width * channels == 32, row = full && pixel == 1 && n >= JOINED;
    if (row && width == 8) {
        FN(join_rows)(4, 8, channel, y, x, flip, n);
    } else if (row) {
        FN(join_rows)(2, 16, channel, y, x, flip, n);
    } else if (full && channel == 1 && width == 8) {
        FN(join_places)(4, 8, pixel, 1, y, x, flip, n);
    } else if (full && width == 8) {
        FN(join_places)(4, 8, pixel, channel, y, x, flip, n);
    } else if (full) {
        FN(join_places)(2, 16, pixel, channel, y, x, flip, n);
    } else {
        FN(join_places)(channels, width, pixel, channel, y, x, flip, n);
    }
}
