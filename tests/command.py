"""The command, run in this process."""

import pytest

from convspec.conformance.cli import main


def status(*args: str) -> int:
    """The exit status of `convspec` with these arguments."""
    with pytest.raises(SystemExit) as end:
        main(list(args))
    assert isinstance(end.value.code, int)
    return end.value.code
