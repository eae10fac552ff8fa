# Winograd's tiles: their phases, each of many tasks.

cdef extern from "winograd.h" nogil:
    ctypedef struct cs_winograd:
        double direct_cycles, tiled_cycles
        int64_t down, across, tall, wide, vectors, panels, packed, some, input_tasks, output_tasks, common, scratch
        cs_window window
    int cs_winograd_choose(cs_winograd *g, const cs_window *w, int64_t windows, int forced)
    int64_t cs_slab_points(const cs_winograd *g)
    void cs_winograd_pack(const cs_winograd *g, int64_t panel, const void *weights, const void *bias, void *packed)
    void cs_winograd_split(cs_winograd *g, int64_t images, int threads, int once)
    void cs_winograd_input(const cs_winograd *g, int64_t task, const void *x, void *common, void *scratch)
    int cs_winograd_output(const cs_winograd *g, int64_t task, const void *x, const void *packed, const void *bias,
                           const void *direct, void *y, void *common, void *scratch)


cdef int run_tiles(const cs_winograd *g, int threads, const void *x, const char *packed, const void *bias, const void *direct,
                   void *y, char *scratch) noexcept nogil:
    """Winograd's phases; the scratch is the common part, then one for each thread. Whether `direct` was missed."""
    cdef int64_t i
    cdef int missed = 0
    cdef char *own = scratch + (g.common if g.input_tasks else 0)
    if threads == 1:
        for i in range(g.output_tasks):
            missed |= cs_winograd_output(g, i, x, packed, bias, direct, y, scratch, own)
        return missed
    with parallel(num_threads=threads):
        for i in prange(g.input_tasks, schedule="dynamic"):
            cs_winograd_input(g, i, x, scratch, own + threadid() * g.scratch)
        for i in prange(g.output_tasks, schedule="dynamic"):
            missed |= cs_winograd_output(g, i, x, packed, bias, direct, y, scratch, own + threadid() * g.scratch)
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
