# Plans: windows with their weights.


cdef class Plan:
    """Windows with their weights, ready to run on any number of images."""

    cdef cs_window *windows
    cdef int count
    cdef char *packed
    cdef char *tiles_packed
    cdef cs_winograd tiles
    cdef object w, b
    cdef int64_t size
    cdef bint once, lasting, finite

    def __cinit__(self, list windows, bytes fill, double power, w, b, int threads, int tiles, bint once=False):
        """`once`: the plan will run once, and weights may be left as they are where there is no bias."""
        cdef int n
        self.finite, self.lasting = True, not once
        self.count = <int>len(windows)
        self.windows = <cs_window *>allocated(calloc(self.count + 1, sizeof(cs_window)), self.count * sizeof(cs_window))
        for n in range(self.count):
            read_window(&self.windows[n], windows[n])
            self.windows[n].power = power
            memcpy(&self.windows[n].fill, <const char *>fill, len(fill))
            cs_choose(&self.windows[n])
        cs_choose_pairs(self.windows, self.count)
        for n in range(self.count):
            self.windows[n].packed = self.size
            self.size += whole_lines(cs_packed_size(&self.windows[n]))
        if self.count and self.windows[0].kind == CS_LOCAL:
            self.w, self.b = w, b
        elif w is not None:
            if tiles and self.count == 1:
                if cs_winograd_choose(&self.tiles, &self.windows[0], tiles > 1):
                    self.w, self.b = w, b
            if once and b is None and self.count == 1:
                self.w, self.once = w, True
                self.windows[0].once = not self.tiles.down
            else:
                self.pack(w, b, threads, self.tiles.down > 0)

    cdef pack(self, w, b, int threads, bint tiled):
        """For the tiles or, where there are none or they need it, for the direct algorithm."""
        cdef Py_buffer vw, vb
        cdef const void *bias = NULL
        cdef int64_t size = self.tiles.packed if tiled else self.size
        cdef char *packed = <char *>allocated(cs_allocate(size, self.lasting), size)
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
            used = tiles * g.points * g.slabs * w.channels * w.outputs
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

    cdef int64_t split_tiles(self, cs_winograd *g, int64_t images, int threads):
        """Bytes of the scratch, common and each thread's."""
        cs_winograd_split(g, images, threads, self.once)
        g.scratch = whole_lines(g.scratch)
        return (g.common if g.input_tasks else 0) + g.scratch * threads

    cdef int64_t split(self, cs_window *windows, const int64_t *strides, int64_t images, int *threads, int64_t *tasks):
        """Bytes of each thread's scratch."""
        cdef int64_t size = 0
        cdef double cycles = 0
        cdef int n
        tasks[0] = 0
        memcpy(windows, self.windows, self.count * sizeof(cs_window))
        for n in range(self.count):
            if strides != NULL:
                cs_lay(&windows[n], strides)
            cs_split(&windows[n], images, threads[0])
            cycles += windows[n].cycles
            tasks[0] += windows[n].tasks
            size = max(size, windows[n].scratch)
        if cycles < PARALLEL_CYCLES or tasks[0] < 2:
            threads[0] = 1
        return whole_lines(size)

    def workspace(self, int64_t images, int threads):
        """Bytes for each thread, beside operands, result and packed weights, where images are contiguous."""
        cdef cs_winograd g = self.tiles
        cdef int64_t tasks, size
        cdef cs_window *windows
        if g.down:
            return self.split_tiles(&g, images, threads) // threads
        windows = <cs_window *>allocated(malloc(self.count * sizeof(cs_window) + 1), self.count * sizeof(cs_window))
        size = self.split(windows, NULL, images, &threads, &tasks)
        free(windows)
        return size

    cdef run_winograd(self, const Py_buffer *x, y, int64_t images, int threads, background):
        cdef Py_buffer vy, vw
        cdef cs_winograd g = self.tiles
        cdef int64_t strides[5]
        cdef int64_t size
        cdef char *scratch
        cdef int missed
        read_strides(x, strides)
        cs_lay(&g.window, strides)
        if g.tiled_cycles * images * g.window.groups < PARALLEL_CYCLES:
            threads = 1
        size = self.split_tiles(&g, images, threads)
        if g.some == 0 and self.tiles_packed == NULL:
            self.pack(self.w, self.b, threads, True)
        scratch = <char *>allocated(cs_borrow(size), size)
        if background is not None:
            y[...] = background
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
        with nogil:
            missed = run_tiles(&g, threads, x.buf, <char *>vw.buf if g.some else self.tiles_packed, self.packed, vy.buf,
                               scratch)
            cs_give_back(scratch)
        PyBuffer_Release(&vy)
        PyBuffer_Release(&vw)
        if missed:
            self.pack(self.w, self.b, threads, False)
            self.run_winograd(x, y, images, threads, None)

    cdef run_windows(self, const Py_buffer *x, y, int64_t images, int threads, background):
        cdef Py_buffer vy, vw, vb
        cdef int64_t strides[5]
        cdef int64_t tasks, size, head = self.count * sizeof(cs_window)
        cdef const void *weights
        cdef const void *bias = NULL
        cdef bint raw, zeros = background is not None and background.ndim == 0
        cdef char *scratch = NULL
        cdef cs_window *windows = <cs_window *>allocated(malloc(head + 1), head)
        read_strides(x, strides)
        size = self.split(windows, strides, images, &threads, &tasks)
        raw = self.w is not None and (not self.once or windows[0].fresh)
        if self.once and not raw:
            try:
                self.pack(self.w, None, threads, False)
            except MemoryError:
                free(windows)
                raise
        weights = self.packed
        scratch = <char *>cs_borrow((size + CACHE_LINE) * threads)
        if scratch == NULL:
            free(windows)
        allocated(scratch, size * threads)
        if background is not None and not zeros:
            y[...] = background
        PyObject_GetBuffer(y, &vy, PyBUF_WRITABLE)
        if raw:
            PyObject_GetBuffer(self.w, &vw, PyBUF_SIMPLE)
            weights = vw.buf
        if self.b is not None:
            PyObject_GetBuffer(self.b, &vb, PyBUF_SIMPLE)
            bias = vb.buf
        with nogil:
            if zeros:
                clear(<char *>vy.buf, vy.len, threads)
            if not run_all(windows, self.count, tasks, threads, x.buf, weights, bias, vy.buf, scratch, size):
                self.finite = False
            cs_give_back(scratch)
            free(windows)
        PyBuffer_Release(&vy)
        if raw:
            PyBuffer_Release(&vw)
        if self.b is not None:
            PyBuffer_Release(&vb)

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
