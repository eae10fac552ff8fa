# Images and layers of small integers.


def dots_available(bint words):
    return cs_dots_available(words) != 0


def run_dots(tuple fields, x, w, y, int threads):
    """Fills `y`; `w` are the lanes of weights, row by row. `x` has any strides, the others are C-contiguous."""
    cdef Py_buffer vx, vw, vy
    cdef cs_dots d
    cdef int64_t *numbers = <int64_t *>&d
    cdef int64_t i, size, strides[5]
    cdef char *scratch
    for i in range(CS_DOTS_FIELDS):
        numbers[i] = fields[i]
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
    read_strides(&vx, strides)
    memcpy(d.x, strides + 2, sizeof(d.x))
    cs_dots_split(&d, threads)
    threads = min(threads, d.tasks)
    size = whole_lines(d.scratch)
    scratch = <char *>cs_borrow(size * threads)
    if scratch == NULL:
        PyBuffer_Release(&vx)
    allocated(scratch, size * threads)
    PyObject_GetBuffer(w, &vw, PyBUF_SIMPLE)
    PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
    with nogil:
        if threads == 1:
            for i in range(d.tasks):
                cs_dots_run(&d, i, vx.buf, <const int32_t *>vw.buf, vy.buf, scratch)
        else:
            for i in prange(d.tasks, schedule="dynamic", num_threads=threads):
                cs_dots_run(&d, i, vx.buf, <const int32_t *>vw.buf, vy.buf, scratch + threadid() * size)
        cs_give_back(scratch)
    PyBuffer_Release(&vx)
    PyBuffer_Release(&vw)
    PyBuffer_Release(&vy)


def join(tuple fields, x, y, int threads):
    """Fills `y`, which is C-contiguous; `x` has any strides."""
    cdef Py_buffer vx, vy
    cdef cs_join j
    cdef int64_t *numbers = <int64_t *>&j
    cdef int64_t i, strides[5]
    for i in range(CS_JOIN_FIELDS):
        numbers[i] = fields[i]
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
    read_strides(&vx, strides)
    cs_join_lay(&j, strides)
    PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
    with nogil:
        if threads == 1:
            for i in range(j.tasks):
                cs_join_run(&j, i, vx.buf, <uint32_t *>vy.buf)
        else:
            for i in prange(j.tasks, schedule="static", num_threads=threads):
                cs_join_run(&j, i, vx.buf, <uint32_t *>vy.buf)
    PyBuffer_Release(&vx)
    PyBuffer_Release(&vy)
