# Small calls: what has been checked once is known by the operands' shapes and dtypes and by the other arguments.

cdef enum:
    REMEMBERED = 1024

cdef dict remembered = {}


cdef tuple key_of(tuple arrays, tuple arguments):
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
            for one in <tuple>v:
                if type(one) is not int:
                    return None
        elif kind is bool or kind is float:
            key.append(kind)
        elif v is not None and kind is not int and kind is not str:
            return None
        key.append(v)
    return tuple(key)


def recall(x, w, b, out, num_threads, tuple arguments):
    """The result of a call whose like is remembered; None for any other, and where `out` or `num_threads` is given."""
    if out is not None or num_threads is not None:
        return None
    key = key_of((x, w, b), arguments)
    if key is None:
        return None
    found = remembered.get(key)
    return None if found is None else (<Small>found).run(x, w, b)


def remember(Plan plan, tuple arrays, tuple arguments, tuple shape, dtype, int64_t images,
             bint finite=False):
    """Keeps the windows of `plan` for calls like this one, if it is small and its operands have the result's dtype;
    where they are for `finite` weights, for such calls only."""
    cdef Small small
    for a in arrays:
        if a is not None and a.dtype != dtype:
            return
    if plan.tiles.down or not plan.small(images):
        return
    key = key_of(arrays, arguments)
    if key is not None:
        if len(remembered) >= REMEMBERED:
            remembered.clear()
        remembered[key] = Small(plan, shape, dtype, images, finite)


cdef bint all_finite(const void *data, int64_t size, int64_t bits) noexcept nogil:
    """Whether no element, of 32 or 64 bits, has the exponent of infinities and NaNs."""
    cdef const uint32_t *p = <const uint32_t *>data
    cdef uint32_t mask = 0x7f800000 if bits == 32 else 0x7ff00000
    cdef int64_t i, step = bits // 32
    for i in range(size * 8 // bits):
        if p[i * step + step - 1] & mask == mask:
            return False
    return True


cdef class Small:
    """A call of few cycles: one thread, with weights packed beside the scratch."""

    cdef cs_window *windows
    cdef tuple shape
    cdef object dtype
    cdef int count
    cdef int64_t tasks, size, scratch, align, bits

    def __cinit__(self, Plan plan, tuple shape, dtype, int64_t images, bint finite):
        cdef int n
        self.bits = 8 * dtype.itemsize if finite and dtype.kind == "f" else 0
        self.shape, self.dtype, self.align = shape, dtype, dtype.alignment
        self.count, self.size = plan.count, plan.size
        self.windows = <cs_window *>malloc(plan.count * sizeof(cs_window) + 1)
        if self.windows == NULL:
            raise MemoryError
        memcpy(self.windows, plan.windows, plan.count * sizeof(cs_window))
        for n in range(plan.count):
            cs_split(&self.windows[n], images, 1)
            self.tasks += self.windows[n].tasks
            self.scratch = max(self.scratch, self.windows[n].scratch)

    def __dealloc__(self):
        free(self.windows)

    cdef run(self, x, w, b):
        cdef Py_buffer vx, vw, vb, vy
        y = empty(self.shape, self.dtype)
        try:
            PyObject_GetBuffer(x, &vx, PyBUF_SIMPLE)
        except (BufferError, ValueError):
            return None
        try:
            return y if self.with_weights(&vx, w, b, y) else None
        finally:
            PyBuffer_Release(&vx)

    cdef bint with_weights(self, const Py_buffer *x, w, b, y) except -1:
        cdef Py_buffer vw, vb, vy
        cdef bint done
        vw.buf = vb.buf = NULL
        try:
            if w is not None:
                PyObject_GetBuffer(w, &vw, PyBUF_SIMPLE)
            if b is not None:
                PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE)
            if (<uintptr_t>x.buf | <uintptr_t>vw.buf | <uintptr_t>vb.buf) % self.align:
                return False
            if self.bits and not all_finite(vw.buf, vw.len, self.bits):
                return False
            PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
            done = self.compute(x.buf, vw.buf, vb.buf, vy.buf)
            PyBuffer_Release(&vy)
        except (BufferError, ValueError):
            return False
        finally:
            if vw.buf != NULL:
                PyBuffer_Release(&vw)
            if vb.buf != NULL:
                PyBuffer_Release(&vb)
        return done

    cdef bint compute(self, const void *x, const void *w, const void *b, void *y) noexcept nogil:
        """Whether there was enough memory."""
        cdef cs_window *windows = self.windows
        cdef int local = self.count and windows[0].kind == CS_LOCAL, n
        cdef char *packed = <char *>malloc(self.size + self.scratch + 2 * CACHE_LINE)
        if packed == NULL:
            return False
        for n in range(0 if local or w == NULL else self.count):
            pack_all(&windows[n], 1, w, b, packed + windows[n].packed)
        run_all(windows, self.tasks, 1, x, w if local else packed, b, y, packed + self.size, 0)
        free(packed)
        return True
