# Calls of few cycles, and those without weights to be packed: what has been checked once is known by the operands' shapes
# and dtypes and by the other arguments.

cdef enum:
    REMEMBERED = 1024
    REMEMBERED_CYCLES = 500000

cdef dict remembered = {}
known_calls = {}  # the module known's
cdef object limit = None


def limit_threads(function):
    """`function` gives the number of threads for a call's `num_threads`."""
    global limit
    limit = function


cdef bint whole_numbers(tuple numbers, bint pairs):
    """Or, where `pairs` may be, tuples of them."""
    for one in numbers:
        if type(one) is tuple:
            if not pairs or not whole_numbers(one, False):
                return False
        elif type(one) is not int:
            return False
    return True


cpdef tuple key_of(tuple arrays, tuple arguments):
    """None for a call that is not to be remembered. 1, 1.0 and True are equal: the latter two come with their types."""
    cdef list key = []
    for a in arrays:
        if type(a) is ndarray:
            key.append(a.shape)
            key.append(a.dtype)
        elif a is None:
            key.append(None)
        else:
            return None
    for v in arguments:
        kind = type(v)
        if kind is tuple:
            if not whole_numbers(v, True):
                return None
        elif kind is bool or kind is float:
            key.append(kind)
        elif v is not None and kind is not int and kind is not str:
            return None
        key.append(v)
    return tuple(key)


def recall(x, w, b, out, num_threads, tuple arguments):
    """The result of a call whose like is remembered; None for any other, and where `out` might have to be refused."""
    if out is not None and type(out) is not ndarray or num_threads is not None and type(num_threads) is not int:
        return None
    key = key_of((x, w, b), arguments)
    if key is None:
        return None
    found = remembered.get(key)
    return None if found is None else (<Small>found).run(x, w, b, out, num_threads)


def remember(Plan plan, tuple arrays, tuple arguments, tuple shape, dtype, int64_t images,
             bint finite=False):
    """Keeps the windows of `plan` for calls like this one, if it is short or its weights are read where they are, and its
    operands have the result's dtype; where they are for `finite` weights, for such calls only. Whether it does."""
    cdef Small small
    for a in arrays:
        if a is not None and a.dtype != dtype:
            return False
    if plan.tiles.down or not (plan.size == 0 or plan.cycles(images) < REMEMBERED_CYCLES):
        return False
    key = key_of(arrays, arguments)
    if key is None:
        return False
    if len(remembered) >= REMEMBERED:
        remembered.clear()
    remembered[key] = Small(plan, shape, dtype, images, finite)
    return True


cdef enum:
    FINITE_SHARE = 1 << 17


def finite(a, int threads):
    """Whether all elements of a contiguous array of float32 or float64 are finite."""
    cdef Py_buffer v
    cdef int64_t size = a.itemsize, n = a.size, i, dtype = CS_F32 if size == 4 else CS_F64
    cdef int infinite = 0
    PyObject_GetBuffer(a, &v, PyBUF_SIMPLE)
    with nogil:
        if threads == 1 or v.len < FINITE_SHARE:
            infinite = not cs_finite(dtype, v.buf, n)
        else:
            for i in prange(threads, schedule="static", num_threads=threads):
                infinite |= not cs_finite(dtype, <const char *>v.buf + n * i // threads * size,
                                          n * (i + 1) // threads - n * i // threads)
    PyBuffer_Release(&v)
    return not infinite


cdef class Small:
    """A remembered call; weights are packed beside the scratch. The windows, as they are split for one thread, and for as many
    as there were when it was remembered: what no call writes stays in each thread's cache."""

    cdef cs_window *windows
    cdef tuple shape
    cdef object dtype
    cdef int count, many
    cdef int64_t size, images, align, floats
    cdef bint few

    def __cinit__(self, Plan plan, tuple shape, dtype, int64_t images, bint finite):
        cdef int64_t head = plan.count * sizeof(cs_window)
        self.floats = 0 if not finite or dtype.kind != "f" else CS_F32 if dtype.itemsize == 4 else CS_F64
        self.shape, self.dtype, self.align = shape, dtype, dtype.alignment
        self.count, self.size, self.images, self.few = plan.count, plan.size, images, plan.small(images)
        self.many = 1 if self.few else limit(None)
        self.windows = <cs_window *>allocated(malloc(2 * head + 1), 2 * head)
        self.split(plan.windows, self.windows, 1)
        self.split(plan.windows, self.windows + self.count, self.many)

    def __dealloc__(self):
        free(self.windows)

    cdef void split(self, const cs_window *windows, cs_window *to, int threads) noexcept nogil:
        cdef int n
        memcpy(to, windows, self.count * sizeof(cs_window))
        for n in range(self.count):
            to[n].once = False
            cs_split(&to[n], self.images, threads)

    cdef run(self, x, w, b, out, num_threads):
        cdef Py_buffer vx
        cdef int threads = 1 if self.few and num_threads is None else limit(num_threads)
        if self.few:
            threads = 1
        if out is not None and (out.shape != self.shape or out.dtype != self.dtype):
            return None
        y = new_array(self.shape, self.dtype) if out is None else out
        try:
            PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
        except (BufferError, ValueError):
            return None
        try:
            return y if self.with_weights(&vx, w, b, y, threads) else None
        finally:
            PyBuffer_Release(&vx)

    cdef bint with_weights(self, const Py_buffer *x, w, b, y, int threads) except -1:
        cdef Py_buffer vw, vb, vy
        cdef bint done = False
        vw.buf = vb.buf = vy.buf = NULL
        vw.len = vb.len = 0
        try:
            if w is not None:
                PyObject_GetBuffer(w, &vw, PyBUF_SIMPLE)
            if b is not None:
                PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE)
            if self.floats and not cs_finite(self.floats, vw.buf, vw.len // self.align):
                return False
            PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
            if (<uintptr_t>x.buf | <uintptr_t>vw.buf | <uintptr_t>vb.buf | <uintptr_t>vy.buf) % self.align == 0 and not (
                    overlap(x, &vy) or overlap(&vw, &vy) or overlap(&vb, &vy)):
                done = self.compute(x.buf, vw.buf, vb.buf, vy.buf, threads)
        except (BufferError, ValueError):
            return False
        finally:
            if vw.buf != NULL:
                PyBuffer_Release(&vw)
            if vb.buf != NULL:
                PyBuffer_Release(&vb)
            if vy.buf != NULL:
                PyBuffer_Release(&vy)
        return done

    cdef bint compute(self, const void *x, const void *w, const void *b, void *y, int threads) noexcept nogil:
        """Whether there was enough memory."""
        cdef bint here = w == NULL or self.count and self.windows[0].kind == CS_LOCAL
        cdef int64_t tasks = 0, scratch = 0
        cdef bint other = threads != 1 and threads != self.many
        cdef cs_window *windows = self.windows if threads == 1 else self.windows + self.count
        cdef char *packed
        cdef int n
        if other:
            windows = <cs_window *>malloc(self.count * sizeof(cs_window) + 1)
            if windows == NULL:
                return False
            self.split(self.windows, windows, threads)
        for n in range(self.count):
            tasks += windows[n].tasks
            scratch = max(scratch, windows[n].scratch)
        scratch = whole_lines(scratch)
        packed = <char *>cs_allocate(self.size + (scratch + CACHE_LINE) * threads, False)
        if packed != NULL:
            if not here:
                pack_all(windows, self.count, packing(self.size, threads), w, b, packed)
            run_all(windows, self.count, tasks, threads, x, w if here else packed, b, y, packed + self.size, scratch)
        if other:
            free(windows)
        free(packed)
        return packed != NULL


cdef bint overlap(const Py_buffer *a, const Py_buffer *b) noexcept nogil:
    return <uintptr_t>a.buf < <uintptr_t>b.buf + b.len and <uintptr_t>b.buf < <uintptr_t>a.buf + a.len
