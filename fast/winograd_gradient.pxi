# The gradient by the weights through Winograd's tiles.

cdef extern from "winograd_gradient.h" nogil:
    ctypedef struct cs_tile_gradient:
        cs_gradient direct
        int64_t image_shares, tasks, joins, common, scratch
    bint cs_tile_gradient_choose(cs_tile_gradient *g, const cs_window *w, int forced)
    void cs_tile_gradient_split(cs_tile_gradient *g, int64_t images, int threads)
    int cs_tile_gradient_run(const cs_tile_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw,
                             char *marks, void *scratch)
    int cs_tile_gradient_join(const cs_tile_gradient *g, int64_t join, void *common, void *dw)


cdef int run_tile_gradient(cs_tile_gradient *g, int threads, const void *x, const void *dy, void *dw, char *marks) noexcept nogil:
    """Whether there is something to be computed again; -1: there is not enough memory."""
    cdef int64_t i
    cdef int again = 0
    cdef int64_t common_size = whole_lines(g.common)
    cdef char *common
    cdef char *scratch
    g.scratch = whole_lines(g.scratch)
    common = <char *>cs_borrow(common_size + g.scratch * threads)
    if common == NULL:
        return -1
    scratch = common + common_size
    if threads == 1:
        for i in range(g.tasks):
            again |= cs_tile_gradient_run(g, i, x, dy, common, dw, marks, scratch)
    else:
        for i in prange(g.tasks, schedule="static", chunksize=1, num_threads=threads):
            again |= cs_tile_gradient_run(g, i, x, dy, common, dw, marks, scratch + threadid() * g.scratch)
        for i in prange(g.joins, schedule="static", num_threads=threads):
            again |= cs_tile_gradient_join(g, i, common, dw)
    cs_give_back(common)
    return again


def takes_tiles(tuple fields, bint forced):
    """Whether the gradient by the weights of a window is through tiles: they are possible, and pay or are `forced`."""
    cdef cs_tile_gradient g
    cdef cs_window w
    read_window(&w, fields)
    return bool(cs_tile_gradient_choose(&g, &w, forced))


def tile_gradient(tuple fields, x, dy, dw, int64_t images, int threads):
    """Fills `dw`, where tiles are possible and there are images. Where something is to be computed again, a byte for each channel, for each
    share of the images, which is set where the channel is; or else None. `x` may be of any strides."""
    cdef cs_tile_gradient g
    cdef cs_window w
    cdef Py_buffer vx, vy, vw
    cdef int64_t strides[5]
    cdef int again
    cdef char *marks
    read_window(&w, fields)
    cs_tile_gradient_choose(&g, &w, 1)
    if <double>g.direct.panels * w.groups * g.direct.terms * images * w.axis[1].out * w.axis[2].out < PARALLEL_CYCLES:
        threads = 1
    cs_tile_gradient_split(&g, images, threads)
    found = bytearray(g.image_shares * w.groups * w.channels)
    marks = found
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
    read_strides(&vx, strides)
    g.direct.window.x_image, g.direct.window.x_channel = strides[0], strides[1]
    memcpy(g.direct.window.x, &strides[2], sizeof(w.x))
    PyObject_GetBuffer(dy, &vy, PyBUF_SIMPLE)
    PyObject_GetBuffer(dw, &vw, PyBUF_WRITABLE)
    with nogil:
        again = run_tile_gradient(&g, threads, vx.buf, vy.buf, vw.buf, marks)
    PyBuffer_Release(&vx)
    PyBuffer_Release(&vy)
    PyBuffer_Release(&vw)
    if again < 0:
        raise MemoryError
    return found if again else None
