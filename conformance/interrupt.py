"""Ctrl-C that is not lost.

Python drops what a signal's handler raises while an object dies or its collector calls back: the handler notes it too.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convspec.conformance.judge import Run


@contextmanager
def noted(run: Run) -> Iterator[None]:
    """While it lasts, Ctrl-C marks the run before it raises KeyboardInterrupt."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield  # it is deaf to Ctrl-C, or somebody else's to handle
        return

    def note(number: int, frame: FrameType | None) -> None:
        run.interrupted = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
