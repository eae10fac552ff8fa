"""convspec.fast with algorithm="direct": every result is claimed to be the chain, bit for bit."""

from functools import partial

from convspec import OPERATORS, fast
from convspec import __version__ as __version__

chain = True

for _op in OPERATORS:
    globals()[_op] = partial(getattr(fast, _op), algorithm="direct")
