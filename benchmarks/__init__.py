"""How fast convspec.fast is, beside the reference and scipy.signal: `python -m benchmarks`, or `tox -e bench`."""
