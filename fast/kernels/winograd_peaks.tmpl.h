/* The greatest inputs of Winograd's tiles, beside those that each output sees; part of winograd.tmpl.h. */

/* Peaks `step` elements apart to their places, or side by side where these are NULL, if there are none greater yet. */
static void FN(spread_peaks)(void *to, const int64_t *places, const void *from, int64_t step, int64_t n)
{
    T *y = to;
    const T *x = from;
    for (int64_t i = 0; i < n; i++) {
        T *p = y + (places ? places[i] : i);
        *p = *p > x[i * step] ? *p : x[i * step];
    }
}

/* The greatest |x| at each of n places of some planes, one after the other, if there is none greater yet. */
static void FN(peaks_of_planes)(void *to, const void *from, int64_t n, int64_t planes)
{
    T *peaks = to;
    for (const T *x = from; x < (const T *)from + planes * n; x += n) {
        int64_t i = 0;
        for (; i + LANES <= n; i += LANES)
            FN(store)(peaks + i, FN(larger)(FN(load)(peaks + i), FN(abs)(FN(load)(x + i))));
        for (; i < n; i++) peaks[i] = peaks[i] > ABS(x[i]) ? peaks[i] : ABS(x[i]);
    }
}

/* For each column of a row of tiles: the greatest peak, and the least of what its outputs see at most. */
INLINE void FN(see)(const int high, const int broad, const T *p, const T *q, int64_t pitch, int64_t rows, T *greatest, T *least)
{
    VEC all = FN(load)(p), seen[MOST_POINTS], low = {0};
    ROLLED
    for (int i = 0; i < POINTS(high); i++) {
        all = FN(larger)(all, FN(load)(p + i * pitch));
        seen[i] = FN(load)(q + i * pitch);
        UNROLL
        for (int j = 1; j < TAPS(broad); j++) seen[i] = FN(larger)(seen[i], FN(load)(q + i * pitch + j));
    }
    UNROLL
    for (int i = 0; i < SIDE(high); i++) {
        VEC one = seen[i];
        UNROLL
        for (int j = 1; j < TAPS(high); j++) one = FN(larger)(one, seen[i + j]);
        low = i ? i < rows ? FN(larger)(low, -one) : low : -one;
    }
    FN(store)(greatest, all);
    FN(store)(least, -low);
}

/* Marks the tiles of a row in which an output sees only inputs below a WINOGRAD_EVEN-th of the tile's greatest; whether
 * there are any. Outputs are `rows` x `columns`; peaks, and those of what outputs see, can be read two vectors beyond. */
static int FN(uneven)(int64_t high, int64_t broad, const void *peaks, const void *seen, int64_t pitch, int64_t rows,
                      int64_t columns, void *spare, char *marks)
{
    T *greatest = spare, *least = greatest + pitch + LANES;
    const T *p = peaks, *q = seen;
    const int64_t across = SIDE(broad);
    int any = 0;
    for (int64_t c = 0; c < pitch; c += LANES) {
#define SEE(high, broad) FN(see)(high, broad, p + c, q + c, pitch, rows, greatest + c, least + c)
        BY_FORMS(high, broad, SEE)
#undef SEE
    }
    for (int64_t at = 0; at < columns; at += across, marks++) {
        T most = greatest[at], low = least[at];
        for (int64_t c = at + 1; c < at + POINTS(broad); c++) most = greatest[c] > most ? greatest[c] : most;
        for (int64_t c = at + 1; c < at + across && c < columns; c++) low = least[c] < low ? least[c] : low;
        *marks = low < most * (1 / WINOGRAD_EVEN);
        any |= *marks;
    }
    return any;
}

/* For each tile of 4 x 4 outputs: the least of the peaks of what some of its outputs see, if that is less than `least`. */
static void FN(see_outputs)(const void *peaks, int64_t pitch, const cs_view *s, void *least)
{
    T *low = least;
    for (int64_t r = s->r0; r < s->r1; r++)
        for (int64_t c = s->c0; c < s->c1; c++) {
            const T *p = (const T *)peaks + r * pitch + c;
            T most = 0;
            for (int64_t i = 0; i < s->rows; i++)
                for (int64_t j = 0; j < s->columns; j++) most = p[i * pitch + j] > most ? p[i * pitch + j] : most;
            low[c / 4] = most < low[c / 4] ? most : low[c / 4];
        }
}

/* Marks those for which that is below a WINOGRAD_EVEN-th of the greatest among so many points a side; whether there are any. */
static int FN(uneven_least)(const void *peaks, int64_t pitch, int64_t points, int64_t tiles, const void *least, char *marks)
{
    int any = 0;
    for (int64_t t = 0; t < tiles; t++) {
        T most = 0;
        for (int64_t i = 0; i < points; i++)
            for (int64_t j = 0; j < points; j++) {
                const T one = ((const T *)peaks)[i * pitch + t * 4 + j];
                most = one > most ? one : most;
            }
        marks[t] = ((const T *)least)[t] < most * (1 / WINOGRAD_EVEN);
        any |= marks[t];
    }
    return any;
}
