# Plans: windows with their weights.


cdef class Split:
    """The windows of a plan, or its tiles, as they are split for some images of some strides and for some threads. No call
    writes them, so that they stay in each thread's cache."""

    cdef cs_window *windows
    cdef cs_winograd tiles
    cdef int64_t strides[5]
    cdef int64_t images, tasks, size
    cdef int asked, threads

    def __dealloc__(self):
        free(self.windows)


cdef class Plan:
    """Windows with their weights, ready to run on any number of images."""

    cdef cs_window *windows
    cdef int count
    cdef char *packed
    cdef char *tiles_packed
    cdef cs_winograd tiles
    cdef object w, b
    cdef Split last
    cdef int64_t size
    cdef bint once, lasting, finite

    def __cinit__(self, list windows, bytes fill, double power, w, b, int threads, int tiles, bint once=False):
        """`once`: the plan will run once, and weights may be left as they are."""
        cdef int n
        self.finite, self.lasting = True, not once
        self.count = <int>len(windows)
        self.windows = <cs_window *>allocated(calloc(self.count + 1, sizeof(cs_window)), self.count * sizeof(cs_window))
        for n in range(self.count):
            read_window(&self.windows[n], windows[n])
            self.windows[n].power = power
            self.windows[n].tiled = tiles > 1
            memcpy(&self.windows[n].fill, <const char *>fill, len(fill))
            cs_choose(&self.windows[n])
        cs_choose_pairs(self.windows, self.count)
        for n in range(self.count):
            self.windows[n].packed = self.size
            self.size += whole_lines(cs_packed_size(&self.windows[n]))
        if self.count and self.windows[0].kind == CS_LOCAL:
            self.w, self.b = w, b
        elif w is not None:
            if tiles and cs_winograd_choose(&self.tiles, self.windows, self.count, tiles > 1):
                self.w, self.b = w, b
            if once and self.count:
                self.w, self.b, self.once = w, b, True
                self.windows[0].once = self.count == 1 and not self.tiles.down
            else:
                self.pack(w, b, threads, self.tiles.down > 0)

    cdef pack(self, w, b, int threads, bint tiled):
        """For the tiles or, where there are none or they need it, for the direct algorithm."""
        cdef Py_buffer vw, vb
        cdef const void *bias = NULL
        cdef int64_t size = self.tiles.packed if tiled else self.size
        cdef char *packed = <char *>allocated(cs_allocate(size, self.lasting), size)
        threads = packing(self.size, threads)
        PyObject_GetBuffer(w, &vw, PyBUF_SIMPLE)
        if b is not None:
            PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE)
            bias = vb.buf
        with nogil:
            if tiled:
                pack_tiles(&self.tiles, threads, vw.buf, bias, packed)
            else:
                self.finite = pack_all(self.windows, self.count, threads, vw.buf, bias, packed)
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
            used = tiles * cs_slab_points(g) * w.channels * w.outputs
            return (f"Winograd, tiles of {g.down} x {g.across} outputs, {g.vectors} vectors of {w.lanes} outputs a panel, "
                    f"{g.tiled_cycles:.3g} cycles an image and group instead of {g.direct_cycles:.3g}, "
                    f"{100 * used / (16 * g.tiled_cycles):.0f} % of the peak, "
                    f"{g.packed + (self.size if self.packed else 0)} bytes of weights")
        over = "groups" if w.by_groups else "pixels" if w.by_pixels else "outputs"
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

    cdef Split split(self, const int64_t *strides, int64_t images, int threads):
        """As for the last call, if that was like this one. NULL: contiguous images."""
        cdef Split s = self.last
        if (s is not None and strides != NULL and s.images == images and s.asked == threads and
                memcmp(s.strides, strides, sizeof(s.strides)) == 0):
            return s
        s = Split.__new__(Split)
        s.images, s.asked, s.threads = images, threads, threads
        if self.tiles.down and images:
            self.split_tiles(s, strides)
        else:
            self.split_windows(s, strides)
        if strides != NULL:
            memcpy(s.strides, strides, sizeof(s.strides))
            self.last = s
        return s

    cdef split_tiles(self, Split s, const int64_t *strides):
        """`size`: bytes of the scratch of all threads, which have a cache line more."""
        s.tiles = self.tiles
        if strides != NULL:
            cs_lay(&s.tiles.window, strides)
        if s.tiles.tiled_cycles * s.images * s.tiles.window.groups < PARALLEL_CYCLES:
            s.threads = 1
        cs_winograd_split(&s.tiles, s.images, s.threads, self.once)
        s.tiles.scratch = whole_lines(s.tiles.scratch)
        s.size = (s.tiles.scratch + CACHE_LINE) * s.threads

    cdef split_windows(self, Split s, const int64_t *strides):
        """`size`: bytes of each thread's scratch."""
        cdef int64_t head = self.count * sizeof(cs_window)
        cdef double cycles = 0
        cdef int n
        s.windows = <cs_window *>allocated(malloc(head + 1), head)
        memcpy(s.windows, self.windows, head)
        for n in range(self.count):
            if strides != NULL:
                cs_lay(&s.windows[n], strides)
            cs_split(&s.windows[n], s.images, s.threads)
            cycles += s.windows[n].cycles
            s.tasks += s.windows[n].tasks
            s.size = max(s.size, s.windows[n].scratch)
        s.size = whole_lines(s.size)
        if cycles < PARALLEL_CYCLES or s.tasks < 2:
            s.threads = 1

    def workspace(self, int64_t images, int threads):
        """Bytes for each thread, beside operands, result and packed weights, where images are contiguous."""
        cdef Split s = self.split(NULL, images, threads)
        return s.size // s.threads if s.windows == NULL else s.size

    cdef run_winograd(self, const Py_buffer *x, y, int64_t images, int threads, background):
        cdef Py_buffer vy, vw, vb
        cdef int64_t strides[5]
        cdef Split s
        cdef char *scratch
        cdef char *packed
        cdef int64_t own
        cdef int missed
        read_strides(x, strides)
        s = self.split(strides, images, threads)
        packed = self.tiles_packed
        own = s.tiles.packed if packed == NULL and s.tiles.some == 0 else 0
        scratch = <char *>allocated(cs_borrow(s.size + own), s.size + own)
        if background is not None:
            y[...] = background
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
        vb.buf = NULL
        if self.b is not None:
            PyObject_GetBuffer(self.b, &vb, PyBUF_SIMPLE)
        with nogil:
            if s.tiles.some:
                packed = <char *>vw.buf
            elif own:
                packed = scratch + s.size
                pack_tiles(&self.tiles, s.threads, vw.buf, vb.buf, packed)
            missed = run_tiles(&s.tiles, s.threads, x.buf, packed, vb.buf, self.packed, vy.buf, scratch)
            cs_give_back(scratch)
        PyBuffer_Release(&vy)
        PyBuffer_Release(&vw)
        if self.b is not None:
            PyBuffer_Release(&vb)
        if missed:
            self.pack(self.w, self.b, s.threads, False)
            self.run_winograd(x, y, images, threads, None)

    cdef run_windows(self, const Py_buffer *x, y, int64_t images, int threads, background):
        cdef Py_buffer vy, vw, vb
        cdef int64_t strides[5]
        cdef Split s
        cdef const void *weights
        cdef const void *bias = NULL
        cdef bint raw, zeros = background is not None and background.ndim == 0
        cdef char *scratch
        cdef int64_t own
        read_strides(x, strides)
        s = self.split(strides, images, threads)
        raw = self.w is not None and (not self.once or s.windows[0].fresh)
        own = self.size if self.once and not raw else 0
        weights = self.packed
        scratch = <char *>allocated(cs_borrow(own + (s.size + CACHE_LINE) * s.threads), own + s.size * s.threads)
        if background is not None and not zeros:
            y[...] = background
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        if raw or own:
            PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
            weights = vw.buf
        if self.b is not None:
            PyObject_GetBuffer(self.b, &vb, PyBUF_SIMPLE)
            bias = vb.buf
        with nogil:
            if own:
                self.finite = pack_all(self.windows, self.count, packing(own, s.threads), vw.buf, bias, scratch)
                weights = scratch
            if zeros:
                clear(<char *>vy.buf, vy.len, s.threads)
            if not run_all(s.windows, self.count, s.tasks, s.threads, x.buf, weights, bias, vy.buf, scratch + own, s.size):
                self.finite = False
            cs_give_back(scratch)
        PyBuffer_Release(&vy)
        if raw or own:
            PyBuffer_Release(&vw)
        if self.b is not None:
            PyBuffer_Release(&vb)

    def takes_channels_last(self, x):
        """Whether windows that pool `x` may write neighbouring channels."""
        cdef Py_buffer vx
        cdef cs_window one
        cdef int64_t strides[5]
        cdef int n
        cdef bint all_do = self.count > 0
        PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
        read_strides(&vx, strides)
        PyBuffer_Release(&vx)
        for n in range(self.count):
            one = self.windows[n]
            cs_lay(&one, strides)
            all_do = all_do and cs_pool_mixed(&one)
        return all_do

    def has_finite_weights(self):
        """Of a plan that has run: a tile whose weights are not finite is missed, and those for the direct algorithm are packed."""
        return self.finite

    def run(self, x, y, int64_t images, int threads, background=None):
        """Fills `y`, which is C-contiguous; `x` is (images, channels, *S), of any strides. `background` is the result where no
        window writes; nothing is written before there is enough memory."""
        cdef Py_buffer vx
        PyObject_GetBuffer(x, &vx, PyBUF_STRIDES)
        try:
            if self.tiles.down and images:
                self.run_winograd(&vx, y, images, threads, background)
            else:
                self.run_windows(&vx, y, images, threads, background)
        finally:
            PyBuffer_Release(&vx)
