"""Benchmarks: what the prober promises, measured. `python -m benchmarks` writes docs/benchmarks.md."""
