# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, freethreading_compatible=True
"""The compiled kernels behind plain buffers: no arithmetic and no validation here, both are elsewhere."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from numpy import empty, ndarray

cdef extern from "kernels.h" nogil:
    enum: CS_FIELDS, CS_FMA, CS_LOCAL
    ctypedef struct cs_axis:
        int64_t out
    ctypedef struct cs_window:
        int64_t kind, groups, channels, y_plane, images, blocks, tasks, scratch, packed, by_pixels, rows, vectors, lanes, terms, outputs
        cs_axis axis[3]
        uint64_t fill
        double power, cycles, cost
    void cs_choose(cs_window *w)
    int64_t cs_packed_size(const cs_window *w)
    void cs_pack(const cs_window *w, int64_t block, const void *weights, const void *bias, void *packed)
    void cs_split(cs_window *w, int64_t images, int threads)
    void cs_run(const cs_window *w, int64_t task, const void *x, const void *weights, const void *bias, void *y,
                void *scratch)
    void *cs_allocate(int64_t bytes)
    const char *cs_isa()
    const char *cs_isa_name(int index)
    int cs_select(const char *name)
    int cs_max_threads()
    int cs_openmp()

cdef extern from "dots.h" nogil:
    enum: CS_DOTS_FIELDS
    ctypedef struct cs_dots:
        int64_t tasks, scratch
    int cs_dots_available(int64_t words)
    void cs_dots_split(cs_dots *d, int threads)
    void cs_dots_run(const cs_dots *d, int64_t task, const void *x, const int32_t *w, void *y, void *scratch)

cdef enum:
    CACHE_LINE = 64

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
    return cs_select(name.encode()) == 0


def openmp():
    return cs_openmp() != 0


def max_threads():
    return cs_max_threads()


cdef void run_all(const cs_window *w, int64_t tasks, int threads, const void *x, const void *weights, const void *bias,
                  void *y, char *scratch, int64_t scratch_size) noexcept nogil:
    cdef int64_t i
    if threads == 1:
        for i in range(tasks):
            cs_run(w, i, x, weights, bias, y, scratch)
        return
    with parallel(num_threads=threads):
        for i in prange(tasks, schedule="dynamic"):
            cs_run(w, i, x, weights, bias, y, scratch + threadid() * scratch_size)


cdef void pack_all(const cs_window *w, int threads, const void *weights, const void *bias, char *packed) noexcept nogil:
    cdef int64_t i
    if threads == 1:
        for i in range(w.groups * w.blocks):
            cs_pack(w, i, weights, bias, packed)
        return
    for i in prange(w.groups * w.blocks, schedule="static", num_threads=threads):
        cs_pack(w, i, weights, bias, packed)


cdef void read_window(cs_window *w, tuple fields):
    """Fills the fields of a window that are not chosen here."""
    cdef int64_t *to = <int64_t *>w
    cdef int i
    memset(w, 0, sizeof(cs_window))
    for i in range(CS_FIELDS):
        to[i] = fields[i]


include "winograd.pxi"


cdef class Plan:
    """Windows with their weights, ready to run on any number of images."""

    cdef cs_window *windows
    cdef int count
    cdef char *packed
    cdef char *tiles_packed
    cdef cs_winograd tiles
    cdef object w, b
    cdef int64_t size
    cdef bint once

    def __cinit__(self, list windows, bytes fill, double power, w, b, int threads, int tiles, bint once=False):
        """`once`: the plan will run once, and weights without a bias may be left as they are."""
        cdef int n
        self.count = <int>len(windows)
        self.windows = <cs_window *>calloc(self.count, sizeof(cs_window))
        if self.windows == NULL:
            raise MemoryError
        for n in range(self.count):
            read_window(&self.windows[n], windows[n])
            self.windows[n].power = power
            memcpy(&self.windows[n].fill, <const char *>fill, len(fill))
            cs_choose(&self.windows[n])
            self.windows[n].packed = self.size
            self.size += (cs_packed_size(&self.windows[n]) + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE
        if self.count and self.windows[0].kind == CS_LOCAL:
            self.w, self.b = w, b
        elif w is not None:
            if tiles and self.count == 1:
                if cs_winograd_choose(&self.tiles, &self.windows[0], tiles > 1):
                    self.w, self.b, self.once = w, b, once
            if not self.once:
                self.pack(w, b, threads, self.tiles.down > 0)

    cdef pack(self, w, b, int threads, bint tiled):
        """For the tiles or, where there are none or they need it, for the direct algorithm."""
        cdef Py_buffer vw, vb
        cdef const void *bias = NULL
        cdef int n
        cdef char *packed = <char *>cs_allocate(self.tiles.packed if tiled else self.size)
        if packed == NULL:
            raise MemoryError
        if self.size < 1 << 18:
            threads = 1
        PyObject_GetBuffer(w, &vw, PyBUF_SIMPLE)
        if b is not None:
            PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE)
            bias = vb.buf
        with nogil:
            if tiled:
                pack_tiles(&self.tiles, threads, vw.buf, bias, packed)
            else:
                for n in range(self.count):
                    pack_all(&self.windows[n], threads, vw.buf, bias, packed + self.windows[n].packed)
        PyBuffer_Release(&vw)
        if b is not None:
            PyBuffer_Release(&vb)
        if tiled:
            self.tiles_packed = packed
        elif self.packed == NULL:
            self.packed = packed
        else:  # by another thread, meanwhile
            free(packed)

    def __dealloc__(self):
        free(self.windows)
        free(self.packed)
        free(self.tiles_packed)

    def describe(self):
        """The algorithm and its register tile, the estimates that decided, and the bytes of the packed weights."""
        cdef cs_window *w = self.windows
        cdef cs_winograd *g = &self.tiles
        if self.count == 0 or w.kind != CS_FMA:
            return f"{self.count} windows, read in place"
        if g.down:
            tiles = <double>g.tall * g.wide * w.axis[0].out
            used = tiles * g.points * g.slabs * w.channels * w.outputs
            return (f"Winograd, tiles of {g.down} x {g.across} outputs, {g.vectors} vectors of {w.lanes} outputs a panel, "
                    f"{g.tiled_cycles:.3g} cycles an image and group instead of {g.direct_cycles:.3g}, "
                    f"{100 * used / (16 * g.tiled_cycles):.0f} % of the peak, "
                    f"{g.packed + (self.size if self.packed else 0)} bytes of weights")
        over = "pixels" if w.by_pixels else "outputs"
        used = self.count * w.terms * <double>w.outputs * w.axis[0].out * w.axis[1].out * w.axis[2].out
        return (f"direct, {w.rows} x {w.vectors} vectors of {w.lanes} {over}, {w.cost:.3g} cycles an image and group, "
                f"{100 * used / (2 * w.lanes * w.cost * self.count):.0f} % of the peak, {self.size} bytes of weights")

    cdef double cycles(self, int64_t images):
        """The estimate for a call."""
        cdef double cycles = 0
        cdef int n
        for n in range(self.count):
            cycles += self.windows[n].cost * images * self.windows[n].groups
        return cycles

    cdef bint small(self, int64_t images):
        """Whether a call is for one thread."""
        return self.cycles(images) < PARALLEL_CYCLES

    cdef run_winograd(self, x, y, int64_t images, int threads):
        cdef Py_buffer vx, vy, vw
        cdef cs_winograd g = self.tiles
        cdef char *scratch
        cdef int missed
        if self.windows[0].cost * images * g.window.groups < PARALLEL_CYCLES:
            threads = 1
        cs_winograd_split(&g, images, threads, self.once)
        if g.some == 0 and self.tiles_packed == NULL:
            self.pack(self.w, self.b, threads, True)
        g.scratch = (g.scratch + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE
        scratch = <char *>cs_allocate((g.common if g.input_tasks else 0) + g.scratch * threads)
        if scratch == NULL:
            raise MemoryError
        PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
        with nogil:
            missed = run_tiles(&g, threads, vx.buf, <char *>vw.buf if g.some else self.tiles_packed, self.packed, vy.buf,
                               scratch)
            free(scratch)
        PyBuffer_Release(&vx)
        PyBuffer_Release(&vy)
        PyBuffer_Release(&vw)
        if missed:
            self.pack(self.w, self.b, threads, False)
            self.run_winograd(x, y, images, threads)

    def run(self, x, y, int64_t images, int threads):
        """Fills `y`; both arrays are C-contiguous."""
        cdef Py_buffer vx, vy, vw, vb
        cdef cs_window *windows = <cs_window *>malloc(self.count * sizeof(cs_window))
        cdef char *scratch = NULL
        cdef int64_t tasks = 0, size = 0
        cdef double cycles = 0
        cdef const void *weights = self.packed
        cdef const void *bias = NULL
        cdef int n
        if windows == NULL:
            raise MemoryError
        if self.tiles.down and images:
            free(windows)
            self.run_winograd(x, y, images, threads)
            return
        memcpy(windows, self.windows, self.count * sizeof(cs_window))
        for n in range(self.count):
            cs_split(&windows[n], images, threads)
            cycles += windows[n].cycles
            tasks += windows[n].tasks
            size = max(size, windows[n].scratch)
        if cycles < PARALLEL_CYCLES or tasks < 2:
            threads = 1
        size = (size + CACHE_LINE - 1) // CACHE_LINE * CACHE_LINE
        scratch = <char *>malloc(size * threads + CACHE_LINE)
        if scratch == NULL:
            free(windows)
            raise MemoryError
        PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        if self.w is not None:
            PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
            weights = vw.buf
        if self.b is not None:
            PyObject_GetBuffer(self.b, &vb, PyBUF_SIMPLE)
            bias = vb.buf
        with nogil:
            run_all(windows, tasks, threads, vx.buf, weights, bias, vy.buf, scratch, size)
            free(scratch)
            free(windows)
        PyBuffer_Release(&vx)
        PyBuffer_Release(&vy)
        if self.w is not None:
            PyBuffer_Release(&vw)
        if self.b is not None:
            PyBuffer_Release(&vb)


include "small.pxi"
include "gradients.pxi"
include "dots.pxi"
