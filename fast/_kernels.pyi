"""The compiled kernels: windows and buffers in, numbers out. Described in kernels/kernels.h."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

def isa() -> str: ...
def available_isas() -> tuple[str, ...]: ...
def select(name: str) -> bool: ...
def openmp() -> bool: ...
def max_threads() -> int: ...
def limit_threads(function: Callable[[Any], int]) -> None: ...
def recall(x: Any, w: Any, b: Any, out: Any, num_threads: Any, arguments: tuple[Any, ...]) -> Array | None: ...
def remember(
    plan: Plan,
    arrays: tuple[Any, ...],
    arguments: tuple[Any, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    images: int,
    finite: bool = False,
) -> bool: ...
def dots_available(words: bool) -> bool: ...
def join(fields: tuple[int, ...], x: Array, y: Array, threads: int) -> None: ...
def run_dots(fields: tuple[int, ...], x: Array, w: Array, y: Array, threads: int) -> None: ...

class Plan:
    """Windows with their weights, ready to run on any number of images."""

    def __init__(
        self,
        windows: list[tuple[int, ...]],
        fill: bytes,
        power: float,
        w: Array | None,
        b: Array | None,
        threads: int,
        tiles: int,
        once: bool = False,
    ) -> None: ...
    def describe(self) -> str: ...
    def workspace(self, images: int, threads: int) -> int: ...
    def run(self, x: Array, y: Array, images: int, threads: int, background: Array | None = None) -> None: ...

def weight_gradient(
    windows: list[tuple[int, ...]], x: Array | None, dy: Array, dw: Array, images: int, threads: int
) -> None: ...
def local_weight_gradient(
    fields: tuple[int, ...], x: Array, dy: Array, dw: Array, images: int, threads: int
) -> None: ...
def local_input_gradient(
    fields: tuple[int, ...], weights: Array, dy: Array, dx: Array, images: int, threads: int
) -> None: ...
def finite(a: Array, threads: int) -> bool: ...
def key_of(arrays: tuple[Any, ...], arguments: tuple[Any, ...]) -> tuple[Any, ...] | None: ...
def pool_gradient(
    fields: tuple[int, ...],
    fill: bytes,
    power: float,
    dtype: int,
    x: Array | None,
    dy: Array,
    norm: Array | None,
    dx: Array,
    images: int,
    threads: int,
) -> None: ...
