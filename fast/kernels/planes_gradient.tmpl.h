/* The gradient of maxima of small planes: a vector holds one position of LANES planes. */
#if BITS >= 32 && FLOATING

/* Each window adds its dy to the first of its greatest elements, windows in order; strips, dy and dx[i][l] are of plane l. */
static void FN(planes_max_back)(const void *strips, const cs_planes *p, const void *dy, void *dx)
{
    const T *x = strips, *slope = dy;
    T *to = dx;
    int32_t where[LANES];
    for (int64_t r = 0; r < p->rows.count; r++) {
        const int64_t *starts = p->rows.starts + p->rows.from[r], n = p->rows.from[r + 1] - p->rows.from[r];
        for (int64_t o = 0; o < p->width; o++, slope += LANES) {
            if (n == 0 || p->first[o] >= p->end[o]) continue;
            VEC best = FN(load)(x + (starts[0] + p->first[o]) * LANES), place = FN(every_place)(starts[0] + p->first[o]);
            for (int64_t k = 0; k < n; k++)
                for (int64_t i = starts[k] + p->first[o]; i < starts[k] + p->end[o]; i += p->gap) {
                    const VEC v = FN(load)(x + i * LANES);
                    const FN(choice) take = FN(above)(v, best);
                    best = FN(either)(take, v, best), place = FN(either)(take, FN(every_place)(i), place);
                }
            FN(store_places)(where, place);
            for (int64_t l = 0; l < LANES; l++) to[where[l] * LANES + l] += slope[l];
        }
    }
}
#endif
