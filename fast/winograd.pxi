# Winograd's tiles: many tasks.

cdef extern from "winograd.h" nogil:
    ctypedef struct cs_winograd:
        double direct_cycles, tiled_cycles
        int64_t down, across, tall, wide, vectors, panels, packed, some, tasks, scratch
        cs_window window
    int cs_winograd_choose(cs_winograd *g, const cs_window *w, int64_t windows, int forced)
    int64_t cs_slab_points(const cs_winograd *g)
    void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
    void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once)
    int cs_winograd_run(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias, const void *direct,
                        void *y, void *scratch)


cdef int tile_shares(const cs_winograd *g, int own, int threads, int64_t *next, const void *x, const char *packed, const void *bias,
                     const void *direct, void *y, char *scratch) noexcept nogil:
    """A thread's share of the tasks, then what is left of the others'. Whether `direct` was missed."""
    cdef int t, missed = 0
    cdef int64_t i
    for t in range(threads):
        i = cs_take(next, g.tasks, (own + t) % threads, threads)
        while i >= 0:
            missed |= cs_winograd_run(g, i, x, packed, bias, direct, y, scratch)
            i = cs_take(next, g.tasks, (own + t) % threads, threads)
    return missed


cdef int run_tiles(const cs_winograd *g, int threads, const void *x, const char *packed, const void *bias, const void *direct,
                   void *y, char *scratch) noexcept nogil:
    """The scratch is a cache line for each thread, then what each takes. Whether `direct` was missed."""
    cdef int t, missed = 0
    cdef int64_t *next = <int64_t *>scratch
    cdef char *own = scratch + threads * CACHE_LINE
    cs_share_out(next, g.tasks, threads)
    if threads == 1:
        return tile_shares(g, 0, 1, next, x, packed, bias, direct, y, own)
    for t in prange(threads, schedule="static", num_threads=threads):
        missed |= tile_shares(g, t, threads, next, x, packed, bias, direct, y, own + t * g.scratch)
    return missed


cdef void pack_tiles(const cs_winograd *g, int threads, const void *weights, const void *bias,
                     char *packed) noexcept nogil:
    cdef int64_t i
    if threads == 1:
        for i in range(g.window.groups * g.panels):
            cs_winograd_pack(g, i, weights, bias, packed)
        return
    for i in prange(g.window.groups * g.panels, schedule="static", num_threads=threads):
        cs_winograd_pack(g, i, weights, bias, packed)
