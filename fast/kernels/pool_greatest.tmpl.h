/* The greatest elements of windows, and where they are, for the gradients of maxima: those of a row first, and of some rows
 * then. */

#if FLOATING
/* Numbers of 32 bits as lanes. */
typedef JOIN(SIGNED, BITS) FN(places) __attribute__((vector_size(VBITS / 8)));
typedef int32_t FN(narrow_places) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

INLINE VEC FN(load_places)(const int32_t *p)
{
    return (VEC)__builtin_convertvector(*(const FN(narrow_places) *)p, FN(places));
}
INLINE void FN(store_places)(int32_t *p, VEC v)
{
    *(FN(narrow_places) *)p = __builtin_convertvector((FN(places))v, FN(narrow_places));
}
INLINE VEC FN(every_place)(int64_t place)
{
    return (VEC)((FN(places)){0} + (JOIN(SIGNED, BITS))place);
}
INLINE VEC FN(add_places)(VEC v, int64_t more)
{
    return (VEC)((FN(places))v + (JOIN(SIGNED, BITS))more);
}

/* Lanes in which v is greater than the best so far, or the first NaN; and those of a there, of b elsewhere. */
#ifdef ABOVE_f32
typedef JOIN(MASK, BITS) FN(choice);
INLINE FN(choice) FN(above)(VEC v, VEC best)
{
    return JOIN(ABOVE, DT)(v, best);
}
INLINE VEC FN(either)(FN(choice) m, VEC a, VEC b)
{
    return (VEC)JOIN(EITHER, DT)(m, a, b);
}
#else
typedef FN(places) FN(choice);
INLINE FN(choice) FN(above)(VEC v, VEC best)
{
    return ~(v <= best) & (best == best);
}
INLINE VEC FN(either)(FN(choice) m, VEC a, VEC b)
{
    return (VEC)((m & (FN(places))a) | (~m & (FN(places))b));
}
#endif
#endif

/* The first of the greatest of the elements x[i * step + k * gap], k < taps, of each window i, and where it is: first + k * gap. */
#if FLOATING
INLINE VEC FN(stepped)(const int step, const T *p)
{
    return step == 1 ? FN(load)(p) : step == 2 ? FN(evens)(p) : step == 3 ? FN(thirds)(p) : FN(fourths)(p);
}

/* Some vectors of windows from window i on; those that would end beyond window n overlap others. */
INLINE void FN(greatest_across)(const int step, const int vectors, const T *x, int64_t taps, int64_t gap, int64_t i, int64_t n,
                                T *greatest, int32_t *where)
{
    VEC best[PASS_VECTORS], place[PASS_VECTORS];
    int64_t at[PASS_VECTORS];
    UNROLL
    for (int j = 0; j < vectors; j++) {
        at[j] = i + (j + 1) * LANES <= n ? i + j * LANES : n - LANES;
        best[j] = FN(stepped)(step, x + at[j] * step), place[j] = FN(every_place)(0);
    }
    for (int64_t k = 1; k < taps; k++) {
        UNROLL
        for (int j = 0; j < vectors; j++) {
            const VEC v = FN(stepped)(step, x + k * gap + at[j] * step);
            const FN(choice) take = FN(above)(v, best[j]);
            best[j] = FN(either)(take, v, best[j]), place[j] = FN(either)(take, FN(every_place)(k * gap), place[j]);
        }
    }
    UNROLL
    for (int j = 0; j < vectors; j++) FN(store)(greatest + at[j], best[j]), FN(store_places)(where + at[j], place[j]);
}

INLINE void FN(greatest_in_row)(const int step, const T *x, const int64_t taps, int64_t gap, int64_t n, T *best, int32_t *where)
{
    int64_t i = 0;
    for (; i + 2 * LANES < n; i += PASS_VECTORS * LANES)
        FN(greatest_across)(step, PASS_VECTORS, x, taps, gap, i, n, best, where);
    if (i + LANES < n) {
        FN(greatest_across)(step, 2, x, taps, gap, i, n, best, where);
    } else if (i < n) {
        FN(greatest_across)(step, 1, x, taps, gap, i, n, best, where);
    }
}

INLINE void FN(greatest_by)(const int step, const T *x, int64_t taps, int64_t gap, int64_t n, T *best, int32_t *where)
{
    if (taps == 2) {
        FN(greatest_in_row)(step, x, 2, gap, n, best, where);
    } else if (taps == 3) {
        FN(greatest_in_row)(step, x, 3, gap, n, best, where);
    } else {
        FN(greatest_in_row)(step, x, taps, gap, n, best, where);
    }
}

INLINE void FN(greatest_down)(const int vectors, const cs_greatest *rows, int64_t count, int64_t i, int32_t *chosen)
{
    VEC best[PASS_VECTORS], place[PASS_VECTORS];
    UNROLL
    for (int j = 0; j < vectors; j++) {
        best[j] = FN(load)((const T *)rows->greatest + i + j * LANES);
        place[j] = FN(add_places)(FN(load_places)(rows->where + i + j * LANES), rows->place);
    }
    for (int64_t r = 1; r < count; r++) {
        UNROLL
        for (int j = 0; j < vectors; j++) {
            const VEC v = FN(load)((const T *)rows[r].greatest + i + j * LANES);
            const VEC p = FN(add_places)(FN(load_places)(rows[r].where + i + j * LANES), rows[r].place);
            const FN(choice) take = FN(above)(v, best[j]);
            best[j] = FN(either)(take, v, best[j]), place[j] = FN(either)(take, p, place[j]);
        }
    }
    UNROLL
    for (int j = 0; j < vectors; j++) FN(store_places)(chosen + i + j * LANES, place[j]);
}
#endif

static void FN(greatest_of_row)(const void *from, int64_t step, int64_t taps, int64_t gap, int64_t n, int32_t first,
                                void *greatest, int32_t *where)
{
    const T *x = from;
    T *best = greatest;
#if FLOATING
    if (n >= LANES && first == 0 && step <= 4) {
        switch (step) {
            case 1: FN(greatest_by)(1, x, taps, gap, n, best, where); return;
            case 2: FN(greatest_by)(2, x, taps, gap, n, best, where); return;
            case 3: FN(greatest_by)(3, x, taps, gap, n, best, where); return;
            default: FN(greatest_by)(4, x, taps, gap, n, best, where); return;
        }
    }
#endif
    for (int64_t i = 0; i < n; i++) {
        best[i] = x[i * step], where[i] = first;
        for (int64_t k = 1; k < taps; k++) {
            const T v = x[i * step + k * gap];
            const int take = (v > best[i]) | ((v != v) & (best[i] == best[i]));
            where[i] = take ? first + (int32_t)(k * gap) : where[i], best[i] = take ? v : best[i];
        }
    }
}

/* The first of the greatest of some rows, as far as these are there. */
static void FN(greatest_of_rows)(const cs_greatest *rows, int64_t count, int64_t n, int32_t *chosen)
{
    int64_t i = 0;
#if FLOATING
    for (; i + 2 * LANES < n; i += PASS_VECTORS * LANES) FN(greatest_down)(PASS_VECTORS, rows, count, i, chosen);
    for (; i < n; i += 2 * LANES) FN(greatest_down)(2, rows, count, i, chosen);
#else
    for (; i < n; i++) {
        int64_t row = 0;
        for (int64_t r = 1; r < count; r++)
            if (((const T *)rows[r].greatest)[i] > ((const T *)rows[row].greatest)[i]) row = r;
        chosen[i] = rows[row].where[i] + rows[row].place;
    }
#endif
}
