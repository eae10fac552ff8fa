# ReLU and its gradient, which a thread each has a part of.

cdef extern from "rectify.h" nogil:
    void cs_rectify(const void *x, const void *gate, void *y, int64_t n, int64_t size)


def rectify(x, gate, y, int threads):
    """Fills `y` with `x` where `gate` is positive or NaN, else with 0: floats of one shape and dtype, C-contiguous."""
    cdef Py_buffer vx, vg, vy
    cdef int64_t i, first, n, share
    PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
    PyObject_GetBuffer(gate, &vg, PyBUF_SIMPLE)
    PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
    cdef int64_t size = vx.itemsize
    if vx.len < CLEARED_ALONE:
        threads = 1
    n = vx.len // size
    share = whole_lines((vx.len + threads - 1) // threads) // size
    with nogil:
        if threads == 1:
            cs_rectify(vx.buf, vg.buf, vy.buf, n, size)
        else:
            for i in prange(threads, schedule="static", num_threads=threads):
                first = min(i * share, n)
                cs_rectify(<char *>vx.buf + first * size, <char *>vg.buf + first * size, <char *>vy.buf + first * size,
                           min(share, n - first), size)
    PyBuffer_Release(&vx)
    PyBuffer_Release(&vg)
    PyBuffer_Release(&vy)
