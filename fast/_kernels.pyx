# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, freethreading_compatible=True
"""The compiled kernels behind plain buffers: no arithmetic and no validation here, both are elsewhere."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy, memset

from numpy import empty, ndarray, uint8

cdef extern from "kernels.h" nogil:
    enum: CS_FIELDS, CS_FMA, CS_LOCAL, CS_F32, CS_F64
    ctypedef struct cs_axis:
        int64_t out, y
    ctypedef struct cs_window:
        int64_t kind, groups, channels, x_image, x_channel, x[3], y_plane, images, blocks, tasks, scratch, packed, once, tiled, fresh, by_pixels, by_groups, rows, vectors, lanes, terms, outputs
        cs_axis axis[3]
        uint64_t fill
        double power, cycles, cost
    void cs_lay(cs_window *w, const int64_t *strides)
    void cs_choose(cs_window *w)
    int cs_pool_mixed(const cs_window *w)
    void cs_choose_pairs(cs_window *w, int64_t windows)
    int64_t cs_packed_size(const cs_window *w)
    int cs_finite(int64_t dtype, const void *x, int64_t n)
    int cs_pack(const cs_window *w, int64_t first, int64_t last, const void *weights, const void *bias, void *packed)
    void cs_split(cs_window *w, int64_t images, int threads)
    int64_t cs_unmix_tasks(int64_t images, int64_t pixels)
    void cs_unmix(int64_t task, const void *x, int64_t channels, int64_t pixels, int64_t size, void *y)
    int cs_run(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y,
               void *scratch)
    void cs_share_out(int64_t *next, int64_t tasks, int threads)
    int64_t cs_take(int64_t *next, int64_t tasks, int share, int threads)
    int64_t cs_take_within(const cs_window *w, int64_t windows, int64_t *next, int share, int threads)
    void *cs_allocate(int64_t bytes, int lasting)
    void *cs_borrow(int64_t bytes)
    void cs_give_back(void *p)
    const char *cs_isa()
    const char *cs_isa_name(int index)
    int cs_select(const char *name)
    int cs_max_threads()
    int cs_openmp()

cdef extern from "dots.h" nogil:
    enum: CS_DOTS_FIELDS
    ctypedef struct cs_dots:
        int64_t tasks, scratch, x[3]
    int cs_dots_available(int64_t words)
    void cs_dots_split(cs_dots *d, int threads)
    void cs_dots_run(const cs_dots *d, int64_t task, const void *x, const int32_t *w, void *y, void *scratch)

cdef extern from "join.h" nogil:
    enum: CS_JOIN_FIELDS
    ctypedef struct cs_join:
        int64_t tasks
    void cs_join_lay(cs_join *j, const int64_t *strides)
    void cs_join_run(const cs_join *j, int64_t task, const void *x, uint32_t *y)

cdef enum:
    CACHE_LINE = 64
    CLEARED_ALONE = 1 << 17
    ON_A_LINE = 1 << 15

cdef double PARALLEL_CYCLES = 4e4


def isa():
    return cs_isa().decode()


def available_isas():
    names = []
    while cs_isa_name(len(names)) != NULL:
        names.append(cs_isa_name(len(names)).decode())
    return tuple(names)


def select(str name):
    remembered.clear()
    known_calls.clear()
    return cs_select(name.encode()) == 0


def openmp():
    return cs_openmp() != 0


def max_threads():
    return cs_max_threads()


cdef inline int64_t whole_lines(int64_t bytes) noexcept nogil:
    """So many and more, so that what lies behind begins on a cache line, like the scratch of the next thread."""
    return (bytes + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE


cdef void *allocated(void *p, int64_t size) except NULL:
    if p == NULL:
        raise MemoryError(f"{size} bytes for the kernels are too many [error.too-large]")
    return p


def new_array(tuple shape, dtype):
    """An array to be filled; a large one begins on a cache line, which vectors then do not straddle."""
    cdef Py_buffer v
    cdef int64_t bytes = dtype.itemsize, n
    for n in shape:
        bytes *= n
    if bytes < ON_A_LINE:
        return empty(shape, dtype)
    room = empty(bytes + CACHE_LINE, uint8)
    PyObject_GetBuffer(room, &v, PyBUF_SIMPLE)
    n = -<uintptr_t>v.buf % CACHE_LINE
    PyBuffer_Release(&v)
    return ndarray(shape, dtype, room, n)


cdef int run_shares(const cs_window *w, int64_t within, int64_t tasks, int own, int threads, int64_t *next, const void *x,
                    const void *weights, const void *bias, void *y, char *scratch) noexcept nogil:
    """A thread's share of the tasks, or of those of so many windows each, then what is left of the others'. The number of
    tasks that packed weights which are not finite."""
    cdef int t, share, infinite = 0
    cdef int64_t i
    for t in range(threads):
        share = (own + t) % threads
        i = cs_take_within(w, within, next, share, threads) if within else cs_take(next, tasks, share, threads)
        while i >= 0:
            infinite += not cs_run(w, i, x, weights, bias, y, scratch)
            i = cs_take_within(w, within, next, share, threads) if within else cs_take(next, tasks, share, threads)
    return infinite


cdef bint run_all(const cs_window *w, int64_t windows, int64_t tasks, int threads, const void *x, const void *weights,
                  const void *bias, void *y, char *scratch, int64_t scratch_size) noexcept nogil:
    """Of windows whose outputs alternate, each thread has its part of all. Whether weights that were packed are finite."""
    cdef int64_t within = windows if windows > 1 and 1 < w.axis[2].y < w.y_plane else 0
    cdef int t, infinite = 0
    cdef int64_t *next = <int64_t *>scratch  # the caller leaves a cache line for each thread
    cs_share_out(next, 0 if within else tasks, threads)
    scratch += threads * CACHE_LINE
    if threads == 1:
        return run_shares(w, within, tasks, 0, 1, next, x, weights, bias, y, scratch) == 0
    for t in prange(threads, schedule="static", num_threads=threads):
        infinite += run_shares(w, within, tasks, t, threads, next, x, weights, bias, y, scratch + t * scratch_size)
    return infinite == 0


cdef int pack_share(const cs_window *w, int64_t windows, int own, int threads, const void *weights, const void *bias,
                    char *packed) noexcept nogil:
    """A thread's part of the blocks of each window, or of the windows; whether it is not finite. Over outputs, windows
    take turns, as their weights are neighbours."""
    cdef int64_t n, i, parts, blocks, first = 0, last = windows
    cdef int infinite = 0
    if w.groups * w.blocks < threads:
        first, last, own, threads = windows * own // threads, windows * (own + 1) // threads, 0, 1
    parts = 1 if w.by_pixels or w.by_groups else max(1, w.groups * w.blocks // threads)
    for i in range(own * parts, (own + 1) * parts):
        for n in range(first, last):
            blocks = w[n].groups * w[n].blocks
            infinite += not cs_pack(w + n, blocks * i // (threads * parts), blocks * (i + 1) // (threads * parts), weights, bias,
                                    packed + w[n].packed)
    return infinite


cdef inline int packing(int64_t bytes, int threads) noexcept nogil:
    """The threads that pack so many bytes of weights."""
    return 1 if bytes < 1 << 18 else threads


cdef bint pack_all(const cs_window *w, int64_t windows, int threads, const void *weights, const void *bias,
                   char *packed) noexcept nogil:
    """The weights of all windows, by the threads that most likely use them. Whether they are finite."""
    cdef int t, infinite = 0
    if threads == 1:
        return pack_share(w, windows, 0, 1, weights, bias, packed) == 0
    for t in prange(threads, schedule="static", num_threads=threads):
        infinite += pack_share(w, windows, t, threads, weights, bias, packed)
    return infinite == 0


cdef void clear(char *y, int64_t bytes, int threads) noexcept nogil:
    """Sets a result to zeros."""
    cdef int64_t i, share = whole_lines((bytes + threads - 1) // threads)
    if threads == 1 or bytes < CLEARED_ALONE:
        memset(y, 0, bytes)
        return
    for i in prange(threads, schedule="static", num_threads=threads):
        if i * share < bytes:
            memset(y + i * share, 0, min(share, bytes - i * share))


def unmix(x, y, int64_t images, int64_t channels, int64_t pixels, int threads):
    """Fills `y`, (images, channels, pixels), from `x`, (images, pixels, channels), both C-contiguous."""
    cdef Py_buffer vx, vy
    cdef int64_t i, tasks = cs_unmix_tasks(images, pixels)
    PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
    PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
    if vx.len < CLEARED_ALONE:
        threads = 1
    with nogil:
        if threads == 1:
            for i in range(tasks):
                cs_unmix(i, vx.buf, channels, pixels, vx.itemsize, vy.buf)
        else:
            for i in prange(tasks, schedule="static", num_threads=threads):
                cs_unmix(i, vx.buf, channels, pixels, vx.itemsize, vy.buf)
    PyBuffer_Release(&vx)
    PyBuffer_Release(&vy)


cdef void read_window(cs_window *w, tuple fields):
    """Fills the fields of a window that are not chosen here."""
    cdef int64_t *to = <int64_t *>w
    cdef int i
    memset(w, 0, sizeof(cs_window))
    for i in range(CS_FIELDS):
        to[i] = fields[i]
    cs_lay(w, NULL)


cdef void read_strides(const Py_buffer *v, int64_t *strides) noexcept:
    """The elements between images, channels and inputs of the three axes, of which the first may be missing. Of an axis of
    one element they are what they would be if its neighbours were contiguous."""
    cdef int i, missing = 5 - v.ndim
    cdef int64_t shape[5]
    for i in range(5):
        shape[i] = 1
    for i in range(v.ndim):
        shape[i if i < 2 else i + missing] = v.shape[i]
        strides[i if i < 2 else i + missing] = v.strides[i] // v.itemsize
    i = 4
    while i > 2 and shape[i] == 1:
        i -= 1
    if shape[4] == 1:
        strides[4] = strides[i] if shape[i] != 1 else 1
    for i in range(3, -1, -1):
        if shape[i] == 1:
            strides[i] = strides[i + 1] * shape[i + 1]


include "winograd.pxi"
include "plan.pxi"
include "small.pxi"
include "gradients.pxi"
include "winograd_gradient.pxi"
include "dots.pxi"
include "rectify.pxi"
