"""Adapters that come with the project: one module a backend, imported only when it is named."""
