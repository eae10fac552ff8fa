# Gradients: tasks of one thread each, whose results are parts of the gradient.

cdef extern from "gradient.h" nogil:
    ctypedef struct cs_gradient:
        cs_window window
        int64_t terms, parts, panels, tasks, joins, common, scratch
    void cs_gradient_choose(cs_gradient *g, const cs_window *w, int64_t ones)
    void cs_gradient_split(cs_gradient *g, int64_t images, int threads)
    void cs_gradient_run(const cs_gradient *g, int64_t task, const void *x, const void *dy, void *common, void *dw,
                         void *scratch)
    void cs_gradient_join(const cs_gradient *g, int64_t join, void *common, void *dw)

cdef extern from "local_gradient.h" nogil:
    ctypedef struct cs_local_gradient:
        int64_t terms, tasks, scratch
    void cs_local_weights_split(cs_local_gradient *g, const cs_window *w, int64_t images)
    void cs_local_weights_run(const cs_local_gradient *g, int64_t task, const void *x, const void *dy, void *dw,
                              void *scratch)
    void cs_local_input_split(cs_local_gradient *g, const cs_window *w, int64_t images, int threads)
    void cs_local_input_run(const cs_local_gradient *g, int64_t task, const void *w, const void *dy, void *dx,
                            void *scratch)

cdef extern from "pool_gradient.h" nogil:
    ctypedef struct cs_pool_gradient:
        cs_window window
        int64_t dtype, tasks, scratch
        double power
    void cs_pool_gradient_split(cs_pool_gradient *g, int64_t images, int threads)
    void cs_pool_gradient_run(const cs_pool_gradient *g, int64_t task, const void *x, const void *dy, const void *norm,
                              void *dx, void *scratch)


cdef void gradient_shares(const cs_gradient *g, int own, int threads, int64_t *next, const void *x, const void *dy,
                          void *common, void *dw, char *scratch) noexcept nogil:
    """A thread's share of the tasks, then what is left of the others'."""
    cdef int t
    cdef int64_t i
    for t in range(threads):
        i = cs_take(next, g.tasks, (own + t) % threads, threads)
        while i >= 0:
            cs_gradient_run(g, i, x, dy, common, dw, scratch)
            i = cs_take(next, g.tasks, (own + t) % threads, threads)


cdef void run_gradient(const cs_gradient *g, int threads, const void *x, const void *dy, void *common, char *scratch,
                       void *dw) noexcept nogil:
    """A thread has the same tasks in each call, so that their part of the result stays in its cache."""
    cdef int64_t i
    cdef int t
    cdef int64_t *next = <int64_t *>scratch  # the caller leaves a cache line for each thread
    if threads == 1:
        for i in range(g.tasks):
            cs_gradient_run(g, i, x, dy, common, dw, scratch)
        return
    cs_share_out(next, g.tasks, threads)
    scratch += threads * CACHE_LINE
    for t in prange(threads, schedule="static", num_threads=threads):
        gradient_shares(g, t, threads, next, x, dy, common, dw, scratch + t * g.scratch)
    if g.joins:
        for i in prange(g.joins, schedule="static", num_threads=threads):
            cs_gradient_join(g, i, common, dw)


cdef bint one_gradient(cs_gradient *g, int threads, const void *x, const void *dy, void *dw) noexcept nogil:
    """Whether there was enough memory."""
    cdef double work = <double>g.parts * g.panels * (g.terms + TURNED) * g.window.images
    cdef void *common
    cdef char *scratch
    work = work * g.window.axis[0].out * g.window.axis[1].out * g.window.axis[2].out
    if work < PARALLEL_CYCLES:
        threads = 1
    cs_gradient_split(g, g.window.images, threads)
    g.scratch = whole_lines(g.scratch)
    common = malloc(g.common + CACHE_LINE)
    scratch = <char *>malloc((g.scratch + CACHE_LINE) * threads)
    if common != NULL and scratch != NULL:
        run_gradient(g, threads, x, dy, common, scratch, dw)
    free(common)
    free(scratch)
    return common != NULL and scratch != NULL


def weight_gradient(list windows, x, dy, dw, int64_t images, int threads):
    """Fills those rows of `dw` that the windows have; where `x` is None it is 1 everywhere. Arrays are C-contiguous, but x, of one
    group, may be of any strides."""
    cdef Py_buffer vx, vy, vw
    cdef int64_t strides[5]
    cdef cs_gradient g
    cdef cs_window w
    cdef bint enough = True
    vx.buf = NULL
    PyObject_GetBuffer(dy, &vy, PyBUF_SIMPLE)
    PyObject_GetBuffer(dw, &vw, PyBUF_WRITABLE)
    if x is not None:
        PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
        read_strides(&vx, strides)
    for fields in windows:
        read_window(&w, fields)
        if x is not None:
            w.x_image, w.x_channel = strides[0], strides[1]
            memcpy(w.x, &strides[2], sizeof(w.x))
        cs_gradient_choose(&g, &w, x is None)
        g.window.images = images
        with nogil:
            enough = enough and one_gradient(&g, threads, vx.buf, vy.buf, vw.buf)
    PyBuffer_Release(&vy)
    PyBuffer_Release(&vw)
    if x is not None:
        PyBuffer_Release(&vx)
    if not enough:
        raise MemoryError


cdef enum:
    TURNED = 16  # as many terms take as long as bringing the gradients of a panel's outputs together


ctypedef void (*local_run)(const cs_local_gradient *g, int64_t task, const void *a, const void *dy, void *to,
                           void *scratch) noexcept nogil


cdef run_local(local_run run, const cs_local_gradient *g, a, dy, to, int threads):
    """`a` is the other operand, x or the weights."""
    cdef Py_buffer va, vy, vt
    cdef int64_t i, size = whole_lines(g.scratch)
    cdef char *scratch = <char *>malloc(size * threads + CACHE_LINE)
    if scratch == NULL:
        raise MemoryError
    PyObject_GetBuffer(a, &va, PyBUF_SIMPLE)
    PyObject_GetBuffer(dy, &vy, PyBUF_SIMPLE)
    PyObject_GetBuffer(to, &vt, PyBUF_WRITABLE)
    with nogil:
        if threads == 1:
            for i in range(g.tasks):
                run(g, i, va.buf, vy.buf, vt.buf, scratch)
        else:
            with parallel(num_threads=threads):
                for i in prange(g.tasks, schedule="dynamic"):
                    run(g, i, va.buf, vy.buf, vt.buf, scratch + threadid() * size)
        free(scratch)
    PyBuffer_Release(&va)
    PyBuffer_Release(&vy)
    PyBuffer_Release(&vt)


def local_weight_gradient(tuple fields, x, dy, dw, int64_t images, int threads):
    """Fills `dw`."""
    cdef cs_local_gradient g
    cdef cs_window w
    read_window(&w, fields)
    cs_local_weights_split(&g, &w, images)
    if <double>g.tasks * g.terms * w.outputs * images < PARALLEL_CYCLES:
        threads = 1
    run_local(cs_local_weights_run, &g, x, dy, dw, threads)


def local_input_gradient(tuple fields, weights, dy, dx, int64_t images, int threads):
    """Fills `dx`."""
    cdef cs_local_gradient g
    cdef cs_window w
    read_window(&w, fields)
    if <double>w.groups * w.channels * w.outputs * images * w.axis[0].out * w.axis[1].out * w.axis[2].out < PARALLEL_CYCLES / 9:
        threads = 1
    cs_local_input_split(&g, &w, images, threads)
    run_local(cs_local_input_run, &g, weights, dy, dx, threads)


def pool_gradient(tuple fields, bytes fill, double power, int dtype, x, dy, norm, dx, int64_t images, int threads):
    """Fills `dx`; `x` and `norm` are None where they are not read. `fill`: what is beyond the edges of x."""
    cdef Py_buffer vx, vy, vn, vd
    cdef cs_pool_gradient g
    cdef int64_t i
    read_window(&g.window, fields)
    g.dtype, g.power = dtype, power
    memcpy(&g.window.fill, <const char *>fill, len(fill))
    if <double>g.window.y_plane * g.window.groups * images < PARALLEL_CYCLES / 8:
        threads = 1
    cs_pool_gradient_split(&g, images, threads)
    cdef int64_t size = whole_lines(g.scratch)
    cdef char *scratch = <char *>malloc(size * threads + CACHE_LINE)
    if scratch == NULL:
        raise MemoryError
    vx.buf = vn.buf = NULL
    if x is not None:
        PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
    if norm is not None:
        PyObject_GetBuffer(norm, &vn, PyBUF_SIMPLE)
    PyObject_GetBuffer(dy, &vy, PyBUF_SIMPLE)
    PyObject_GetBuffer(dx, &vd, PyBUF_WRITABLE)
    with nogil:
        if threads == 1:
            for i in range(g.tasks):
                cs_pool_gradient_run(&g, i, vx.buf, vy.buf, vn.buf, vd.buf, scratch)
        else:
            with parallel(num_threads=threads):
                for i in prange(g.tasks, schedule="dynamic"):
                    cs_pool_gradient_run(&g, i, vx.buf, vy.buf, vn.buf, vd.buf, scratch + threadid() * size)
        free(scratch)
    if x is not None:
        PyBuffer_Release(&vx)
    if norm is not None:
        PyBuffer_Release(&vn)
    PyBuffer_Release(&vy)
    PyBuffer_Release(&vd)
