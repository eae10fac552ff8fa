"""Calls of the kernels, recorded under convspec.fast, for a driver in C to repeat on another machine or under a tool."""

import ast
import contextlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import fast_cases
import gradient_cases
import numpy as np
import winograd_cases

from convspec import GRADIENTS, SpecError, fast
from convspec.conformance import layouts
from convspec.fast import _kernels, isa
from convspec.fast.layers import TILED

channels_last = partial(layouts.apply, "channels_last")

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "fast" / "kernels"
DRIVER = Path(__file__).parent / "kernels" / "driver.c"
KINDS = (
    "plan",
    "weight_gradient",
    "local_weight_gradient",
    "local_input_gradient",
    "pool_gradient",
    "run_dots",
    "join",
    "tile_gradient",
)
"""In the driver's order."""

ONCE = 4
"""Added to Winograd's tiles for a plan that runs once: without a bias its weights are not packed."""


class Recorder:
    """A context in which the kernels' calls are kept, as the bytes that the driver reads, beside their results."""

    def __init__(self, dots=True):
        self.calls, self.results, self.kinds, self.dots = [], [], [], dots

    def __enter__(self):
        recorder, self._own = self, {name: getattr(_kernels, name) for name in ("Plan", "dots_available", *KINDS[1:])}

        class Plan(_kernels.Plan):
            def __init__(self, windows, fill, power, w, b, threads, tiles, once=False):
                self.parts = (windows, fill, power, w, b, tiles + ONCE * once)

            def run(self, x, y, images, threads, background=None):
                windows, fill, power, w, b, tiles = self.parts
                if background is not None:
                    y[...] = background
                before = y.copy()
                super().run(x, y, images, threads)
                rows = x if x.flags.c_contiguous else np.moveaxis(x, 1, -1)
                recorder.keep("plan", windows, tiles, images, (rows, w, b), before, y, fill, power, strides(x))

        _kernels.select(isa())  # so that no call is remembered
        _kernels.Plan = Plan
        for name in KINDS[1:]:
            setattr(_kernels, name, getattr(self, name))
        if not self.dots:  # they are a matter of x86
            _kernels.dots_available = lambda words: False
        return self

    def __exit__(self, *_):
        for name, own in self._own.items():
            setattr(_kernels, name, own)

    def only(self, *kinds):
        """The calls of some kinds."""
        part = Recorder()
        for call, result, name in zip(self.calls, self.results, self.kinds, strict=True):
            if name in kinds:
                part.calls.append(call), part.results.append(result), part.kinds.append(name)
        return part

    def weight_gradient(self, windows, x, dy, dw, images, threads):
        before = dw.copy()
        self._own["weight_gradient"](windows, x, dy, dw, images, threads)
        self.keep("weight_gradient", windows, 0, images, (x, dy, None), before, dw)

    def tile_gradient(self, fields, x, dy, dw, images, threads):
        before = dw.copy()
        found = self._own["tile_gradient"](fields, x, dy, dw, images, threads)
        self.keep("tile_gradient", [fields], 0, images, (x, dy, None), before, dw)
        return found

    def local_weight_gradient(self, fields, x, dy, dw, images, threads):
        before = dw.copy()
        self._own["local_weight_gradient"](fields, x, dy, dw, images, threads)
        self.keep("local_weight_gradient", [fields], 0, images, (x, dy, None), before, dw)

    def local_input_gradient(self, fields, w, dy, dx, images, threads):
        before = dx.copy()
        self._own["local_input_gradient"](fields, w, dy, dx, images, threads)
        self.keep("local_input_gradient", [fields], 0, images, (w, dy, None), before, dx)

    def pool_gradient(self, fields, fill, power, dtype, x, dy, norm, dx, images, threads):
        before = dx.copy()
        self._own["pool_gradient"](fields, fill, power, dtype, x, dy, norm, dx, images, threads)
        self.keep("pool_gradient", [fields], dtype, images, (x, dy, norm), before, dx, fill, power)

    def run_dots(self, fields, x, w, y, threads):
        before = y.copy()
        self._own["run_dots"](fields, x, w, y, threads)
        self.keep("run_dots", [fields], 0, 1, (x, w, None), before, y)

    def join(self, fields, x, y, threads):
        before = y.copy()
        self._own["join"](fields, x, y, threads)
        self.keep("join", [fields], 0, 1, (x, None, None), before, y)

    def keep(self, kind, windows, choice, images, operands, before, after, fill=b"", power=0.0, strides=(0,) * 5):
        header = np.array([KINDS.index(kind), len(windows), choice, images], np.int64).tobytes()
        numbers = np.array(windows, np.int64).tobytes()
        arrays = b"".join(_array(a) for a in (*operands, before))
        header += fill.ljust(8, b"\0") + np.float64(power).tobytes() + np.array(strides, np.int64).tobytes()
        self.calls.append(header + numbers + arrays)
        self.results.append(after.copy())
        self.kinds.append(kind)


def strides(x):
    """Elements between images, channels and inputs of three axes of an array with its channels last in memory; zeros of others."""
    if x.flags.c_contiguous:
        return (0,) * 5
    N, C, *S = x.shape
    last = np.empty((N, *(1,) * (3 - len(S)), *S, C), x.dtype)
    return [last.strides[i] // x.itemsize for i in (0, 4, 1, 2, 3)]


def draw_channels_last(op, seed):
    """A random call of an operator, with its channels last in memory, and Winograd's tiles too."""
    (x, *arguments), keywords = fast_cases.draw_call(op, seed)
    x = channels_last(np.asarray(x))
    for algorithm in ("direct", "winograd") if op in TILED else ("direct",):
        with contextlib.suppress(SpecError):
            y = getattr(fast, op)(x, *arguments, **keywords)
            getattr(fast, op)(x, *arguments, **keywords, algorithm=algorithm, out=channels_last(y))


def draw_tile_gradients():
    """Gradients by the weights through Winograd's tiles: of one box and of several, of one image and of several, whose tasks are joined; of
    parts of the taps."""
    random = np.random.default_rng(7)
    for images, C, K, S, groups, taps, stride in (
        (1, 5, 20, (9, 13), 1, 3, 1), (3, 18, 34, (14, 14), 2, 3, 1), (2, 100, 3, (40, 39), 1, 3, 1), (2, 18, 17, (9, 14), 1, 5, 1),
        (1, 9, 20, (13, 10), 1, 7, 1), (2, 3, 20, (30, 29), 1, 7, 2), (2, 20, 34, (17, 16), 2, 4, 2), (1, 5, 9, (22, 21), 1, 8, 3),
    ):  # fmt: skip
        for dtype in (np.float32, np.float64):
            x, w = random.standard_normal((images, C, *S)).astype(dtype), np.zeros((K, C // groups, taps, taps), dtype)
            keywords = {"padding": taps // 2, "groups": groups, "stride": stride}
            dy = random.standard_normal(fast.conv(x, w, **keywords).shape).astype(dtype)
            fast.conv_grad_weight(dy, x, w.shape, **keywords, algorithm="winograd")


def draw_transposed_tiles():
    """Transposed convolutions by two through Winograd's tiles: of finite inputs, with an outlier, and with NaN."""
    for form in range(len(winograd_cases.ALTERNATING)):
        x, w, keywords = winograd_cases.draw_form(form, 1e4 if form % 2 else 1, winograd_cases.ALTERNATING)
        plan = fast.plan_conv_transpose(w, stride=2, **keywords, algorithm="winograd")
        y = plan(x)
        x[0, 0, 0, 0] = np.nan
        plan(x)
        fast.conv_transpose(channels_last(x), w, stride=2, **keywords, algorithm="winograd", out=channels_last(y))


def drawn(seeds, layers=(), dots=True):
    """Random calls of all operators and gradients, and convolutions by Winograd's tiles too."""
    with Recorder(dots) as recorder:
        for seed in seeds:
            for op in fast_cases.OPERATORS:
                arguments, keywords = fast_cases.draw_call(op, seed)
                for algorithm in ("direct", "winograd") if op in TILED else ("direct",):
                    with contextlib.suppress(SpecError):
                        getattr(fast, op)(*arguments, **keywords, algorithm=algorithm)
            for op in (*TILED, "max_pool", "avg_pool", "lp_pool"):
                draw_channels_last(op, seed)
            for op in GRADIENTS:
                call = gradient_cases.draw_gradient(op, seed)
                if call is not None:
                    getattr(fast, op)(*call[0], **call[1])
        for x, w, b, keywords in layers:
            for algorithm in ("direct", "winograd"):
                y = fast.conv(x, w, b, **keywords, algorithm=algorithm)
                fast.conv(channels_last(x), w, b, **keywords, algorithm=algorithm, out=channels_last(y))
        draw_tile_gradients()
        draw_transposed_tiles()
        x = np.random.default_rng(5).integers(0, 256, (70, 91), np.uint8)
        fast.correlate(x, np.arange(-7, 8, dtype=np.int8).reshape(3, 5))
        fast.correlate(x.astype(np.int16), np.arange(-7, 8, dtype=np.int16).reshape(3, 5))
        for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
            numbers = np.random.default_rng(6).integers(0, 2**64, (2, 70, 91), np.uint64).astype(dtype)
            for size, stride in ((2, 2), (3, 2), (4, 4), (5, 1)):
                fast.max_pool(numbers[None], size, stride=stride)
        x, w = x.reshape(1, 7, 10, 91), np.arange(-126, 126, dtype=np.int8).reshape(4, 7, 3, 3)
        fast.conv(x.view(np.int8), w, padding=1)
        fast.conv(x, w.astype(np.int16), dtype=np.int32)
    return recorder


def _array(a):
    return np.int64(-1).tobytes() if a is None else np.int64(a.nbytes).tobytes() + a.tobytes()


def flags():
    """The flags that setup.py compiles the kernels with."""
    assigned = [node for node in ast.parse((ROOT / "setup.py").read_text()).body if isinstance(node, ast.Assign)]
    return ast.literal_eval(next(node.value for node in assigned if node.targets[0].id == "FLAGS"))


def build(compiler, folder, *more, link=()):
    """The driver with the kernels, compiled one file at a time on each processor."""
    sources = [DRIVER, *sorted(KERNELS.glob("*.c"), key=lambda path: path.stat().st_size)]
    common = [compiler, *flags(), *more, "-I", str(KERNELS)]

    def compiled(source):
        out = folder / f"{source.stem}.o"
        subprocess.run([*common, "-c", str(source), "-o", str(out)], check=True)
        return str(out)

    with ThreadPoolExecutor() as pool:
        objects = list(pool.map(compiled, sources))
    subprocess.run([*common, *objects, "-o", str(folder / "driver"), *link, "-lm", "-lpthread"], check=True)
    return folder / "driver"


def repeated(recorder, command, isa, threads, folder):
    """The driver's results of the recorded calls, like those kept."""
    (folder / "calls").write_bytes(b"".join(recorder.calls))
    arguments = [*command, isa, str(threads), str(folder / "calls"), str(folder / "results")]
    env = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}  # one report is enough, and thousands take minutes
    done = subprocess.run([str(word) for word in arguments], env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr}")
    data, at, results = (folder / "results").read_bytes(), 0, []
    for kept in recorder.results:
        results.append(np.frombuffer(data, kept.dtype, kept.size, at).reshape(kept.shape))
        at += kept.nbytes
    assert at == len(data)
    return results
