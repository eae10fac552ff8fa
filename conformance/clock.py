"""Where the judge's time goes: seconds in the oracle, in generating cases, in waiting for the backend, and in the rest."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds by what they were spent on; what is inside of something else is not counted twice."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._doing, self._since = ["rest"], time.perf_counter()

    def _turn(self) -> None:
        now = time.perf_counter()
        self.seconds[self._doing[-1]] += now - self._since
        self._since = now

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Counts the time of a block as spent on `what`."""
        self._turn()
        self._doing.append(what)
        try:
            yield
        finally:
            self._turn()
            self._doing.pop()

    def read(self) -> dict[str, float]:
        """The seconds so far, which are then forgotten."""
        self._turn()
        found = dict(self.seconds)
        self.seconds.clear()
        return found


CLOCK = Clock()
"""The clock of this process."""
