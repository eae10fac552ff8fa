"""The process that a backend lives in: `python -m convspec.conformance.worker FD NAME`.

It loads the backend, says what the backend declares, and then answers requests on the pipe FD until it is closed: a case
as its text, or a call as (operator, arguments, keywords). A crash here ends this process and nothing else.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import warnings
from multiprocessing.connection import Connection
from typing import Any

from convspec import GRADIENTS
from convspec.conformance.backend import Unusable, load, profile
from convspec.conformance.case import parse
from convspec.conformance.observe import Observation, observe, raised


def main() -> None:
    """Serves one backend until the judge hangs up."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's business
    warnings.simplefilter("ignore")
    pipe = Connection(int(sys.argv[1]))
    try:
        backend = load(sys.argv[2])
        pipe.send(profile(sys.argv[2], backend))
    except Unusable as error:
        pipe.send(str(error))
        return
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        pipe.send(answer(backend, request))


def answer(backend: Any, request: Any) -> Observation:
    """What one request gives."""
    if isinstance(request, str):
        return observe(backend, parse(request))
    if request[0] == "snippet":
        own_words, case = getattr(backend, "snippet", None), parse(request[1])
        return Observation("result", own_words(case) if own_words and case.op not in GRADIENTS else None)
    op, arguments, keywords = request
    try:
        return Observation("result", getattr(backend, op)(*arguments, **keywords))
    except Exception as error:
        return raised(error)


if __name__ == "__main__":
    main()
