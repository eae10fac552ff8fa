/* The gradient by the weights: a register tile of its elements, `rows` terms by vectors of outputs, over the positions
 * of a box. A lane is one element; it sees the positions in order. */

INLINE void FN(outer_term)(const int rows, const int vectors, const int each, const T *const *px, int64_t at, const T *dy,
                           VEC sum[MAX_ROWS][MAX_VECTORS])
{
    VEC dv[MAX_VECTORS];
    UNROLL
    for (int j = 0; j < vectors; j++) dv[j] = FN(load)(dy + j * LANES);
    UNROLL
    for (int i = 0; i < rows; i++) {
        const VEC xv = each ? FN(load)(px[i] + at * LANES) : FN(all)(px[i][at]);
        UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = FN(fma)(xv, dv[j], sum[i][j]);
    }
}

/* each: inputs are vectors too, a lane for each output. unshared: inputs are neighbours, the places are those of the vectors. */
INLINE void FN(outer)(const int rows, const int vectors, const int each, const int unshared, const cs_outer *o)
{
    const int lanes = each ? LANES : 1, last = !unshared && o->last;
    const T *px[MAX_ROWS], *dy = o->dy;
    VEC sum[MAX_ROWS][MAX_VECTORS];
    T *partial = o->partial, *total = o->total;
    for (int k = 0; last && k < rows * vectors; k++) __builtin_prefetch(total + k * LANES, 1);
    UNROLL
    for (int i = 0; i < rows; i++) px[i] = (const T *)o->x + o->at[i] * lanes;
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++)
            sum[i][j] = o->first ? (VEC){0} : FN(load)(partial + (i * vectors + j) * LANES);
    }
    const int64_t *place = o->places;
    for (int64_t i = 0; unshared && i < o->count; i++) FN(outer_term)(rows, vectors, each, px, i, dy + place[i], sum);
    const int64_t *end = unshared ? place : place + o->count;
    if (FLOATING && rows * vectors > REGISTERS / 3) { /* smaller tiles are what is left for the last one */
        UNROLL_TWICE
        for (; place < end; place++, dy += vectors * LANES) FN(outer_term)(rows, vectors, each, px, *place, dy, sum);
    } else {
        for (; place < end; place++, dy += vectors * LANES) FN(outer_term)(rows, vectors, each, px, *place, dy, sum);
    }
    T *to = last ? total : partial;
    UNROLL
    for (int i = 0; i < rows; i++) {
        UNROLL
        for (int j = 0; j < vectors; j++) {
            const int64_t k = (i * vectors + j) * LANES;
            FN(store)(to + k, last ? FN(load)(total + k) + sum[i][j] : sum[i][j]);
        }
    }
}

#define TILE(rows, vectors) \
    static void FN(outer_##rows##_##vectors)(const cs_outer *o) \
    { \
        FN(outer)(rows, vectors, 0, 0, o); \
    }
OUTER_TILES(TILE)
#undef TILE

#define TILE(rows, vectors) \
    static void FN(unshared_##rows##_##vectors)(const cs_outer *o) \
    { \
        FN(outer)(rows, vectors, 0, 1, o); \
    }
OUTER_TILES(TILE)
#undef TILE

#define TILE(rows) \
    static void FN(outer_each_##rows)(const cs_outer *o) \
    { \
        FN(outer)(rows, 1, 1, 0, o); \
    }
EACH_TILES(TILE)
#undef TILE

/* y[i][l] = x[l][i * step], i < n, a vector of lanes every `wide` elements. Blocks begin where cache lines of the first run do: runs that
 * are a multiple of 4096 bytes apart have few lines of the first-level cache, so each has to be read at once. */
static void FN(interleave)(void *to, int64_t wide, const void *const *from, int64_t step, int64_t n)
{
    const T *const *x = (const T *const *)from;
    T *y = to;
    const int64_t odd = (int64_t)((uintptr_t)x[0] / sizeof(T) % LANES), first = odd ? LANES - odd : LANES;
    for (int64_t i = 0; i < n && n >= LANES && step == 1; i += i ? LANES : first) {
        const int64_t p = i + LANES <= n ? i : n - LANES; /* the second and the last block overlap the one before */
        VEC v[LANES];
        UNROLL
        for (int l = 0; l < LANES; l++) v[l] = FN(load)(x[l] + p);
        FN(turn)(v);
        UNROLL
        for (int l = 0; l < LANES; l++) FN(store)(y + (p + l) * wide, v[l]);
    }
    for (int64_t i = 0; i < n && (n < LANES || step != 1); i++)
        for (int l = 0; l < LANES; l++) y[i * wide + l] = x[l][i * step];
}

