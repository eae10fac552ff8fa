"""The judge of convspec: property-based tests that any backend of the operators is plugged into.

The command `convspec check` and `pytest --pyargs convspec.conformance --backend NAME` run the same tests. A backend lives
in a process of its own; a case travels there as one line of text, and what was observed travels back.
"""
