"""convspec.fast beside the frameworks: one process a contestant, in rounds, in the same minutes."""
