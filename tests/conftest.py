"""For every test: examples are the same on every run, and a slow machine fails nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("prober", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("prober")
