/* Rows that become columns, of vectors of 32 and 64 bits. */
#if BITS >= 32 && (defined MOVES || FLOATING)

/* n < LANES elements: two parts of a power of two, which overlap. */
INLINE void FN(copy_few)(T *y, const T *x, int64_t n)
{
    if (n == 1) *y = *x;
    UNROLL
    for (int half = LANES / 2; half > 1; half /= 2)
        if (n >= half && n < 2 * half) {
            memcpy(y, x, half * sizeof(T));
            memcpy(y + n - half, x + n - half, half * sizeof(T));
        }
}

/* Stores the first `count` elements of a vector, if there are any. */
INLINE void FN(store_some)(T *to, VEC v, int64_t count)
{
    if (count >= LANES) {
        FN(store)(to, v);
    } else if (count > 0) {
#if STORES_INSIDE
        FN(store_inside)(to, v, FN(inside)(0, count));
#else
        T part[LANES];
        FN(store)(part, v);
        FN(copy_few)(to, part, count);
#endif
    }
}

#if FLOATING
/* v in the lanes that have all bits of `bits`, 0 in those that have none. */
INLINE VEC FN(masked)(VEC v, VEC bits)
{
    typedef INTEGER FN(bits) __attribute__((vector_size(sizeof(VEC))));
    return (VEC)((FN(bits))v & (FN(bits))bits);
}
#endif

/* LANES x LANES elements, or those of them that are there; of whole ones, every element of a row of x, or every other. */
INLINE void FN(turn_block)(const int whole, const int by, T *y, int64_t apart, const T *x, int64_t step, int64_t count, int64_t n)
{
    VEC v[LANES];
    const FN(mask) across = FN(inside)(0, count);
    UNROLL
    for (int l = 0; l < LANES; l++)
        v[l] = by == 2 ? FN(evens)(x + l * step)
               : whole ? FN(load)(x + l * step)
               : l < n ? FN(load_inside)(x + l * step, across)
                       : (VEC){0};
    FN(turn)(v);
    UNROLL
    for (int l = 0; l < LANES; l++) {
        if (whole || l < count) FN(store_some)(y + l * apart, v[l], whole ? LANES : n);
    }
}

/* A block that is not whole. */
static __attribute__((noinline)) void FN(turn_some)(T *y, int64_t apart, const T *x, int64_t step, int64_t count, int64_t n)
{
    FN(turn_block)(0, 1, y, apart, x, step, count, n);
}

INLINE void FN(store_apart)(T *y, int64_t step, VEC v)
{
    if (step == 1) {
        FN(store)(y, v);
    } else if (step == 2) {
        FN(store_evens)(y, v);
    } else {
        for (int l = 0; l < LANES; l++) y[step * l] = v[l];
    }
}

/* y[j][step * i] = x[i][j], i < rows, j < columns; the rows of x can be read up to a whole number of vectors. */
INLINE void FN(transpose_by)(T *y, int64_t ldy, int64_t step, const T *x, int64_t ldx, int64_t rows, int64_t columns)
{
    if (rows < LANES && step == 1) {
        for (int64_t j = 0; j < columns; j += LANES)
            FN(turn_some)(y + j * ldy, ldy, x + j, ldx, columns - j < LANES ? columns - j : LANES, rows);
        return;
    }
    if (rows < LANES) {
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = 0; i < rows; i++) y[j * ldy + i * step] = x[i * ldx + j];
        return;
    }
    for (int64_t j = 0; j < columns; j += LANES) {
        for (int64_t next = 0; next < rows; next += LANES) {
            const int64_t i = next + LANES <= rows ? next : rows - LANES; /* the last block overlaps the one before */
            VEC v[LANES];
            UNROLL
            for (int l = 0; l < LANES; l++) v[l] = FN(load)(x + (i + l) * ldx + j);
            FN(turn)(v);
            if (j + LANES <= columns) {
                UNROLL
                for (int l = 0; l < LANES; l++) FN(store_apart)(y + (j + l) * ldy + i * step, step, v[l]);
            } else {
                UNROLL
                for (int l = 0; l < LANES; l++)
                    if (j + l < columns) FN(store_apart)(y + (j + l) * ldy + i * step, step, v[l]);
            }
        }
    }
}

static void FN(transpose)(void *to, int64_t ldy, const void *from, int64_t ldx, int64_t rows, int64_t columns)
{
    FN(transpose_by)(to, ldy, 1, from, ldx, rows, columns);
}

static void FN(transpose_apart)(void *to, int64_t ldy, int64_t step, const void *from, int64_t ldx, int64_t rows,
                                int64_t columns)
{
    if (step == 2) {
        FN(transpose_by)(to, ldy, 2, from, ldx, rows, columns);
    } else {
        FN(transpose_by)(to, ldy, step, from, ldx, rows, columns);
    }
}
#endif

#if BITS >= 32 && defined MOVES
#define ROW_1(i) x[(i) * ldx]
#define ROW_2(i) ROW_1(i), ROW_1((i) + 1)
#define ROW_4(i) ROW_2(i), ROW_2((i) + 2)
#define ROW_8(i) ROW_4(i), ROW_4((i) + 4)
#define ROW_16(i) ROW_8(i), ROW_8((i) + 8)
#if LANES == 16
#define ROWS ROW_16(0)
#elif LANES == 8
#define ROWS ROW_8(0)
#elif LANES == 4
#define ROWS ROW_4(0)
#elif LANES == 2
#define ROWS ROW_2(0)
#else
#define ROWS ROW_1(0)
#endif

/* y[j][i] = x[i][columns[j]], i < rows, j < n: columns that are no neighbours, element by element, of at least LANES rows; the last
 * vector overlaps the one before. */
static void FN(gather_columns)(void *to, int64_t ldy, const void *from, int64_t ldx, int64_t rows, const int64_t *columns,
                               int64_t n)
{
    T *y = to;
    for (int64_t j = 0; j < n; j++, y += ldy) {
        for (int64_t next = 0; next < rows; next += LANES) {
            const int64_t i = next + LANES <= rows ? next : rows - LANES;
            const T *x = (const T *)from + columns[j] + i * ldx;
            FN(store)(y + i, (VEC){ROWS});
        }
    }
}

#undef ROWS
#undef ROW_1
#undef ROW_2
#undef ROW_4
#undef ROW_8
#undef ROW_16
#endif
