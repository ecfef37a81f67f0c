"""Benchmarks: what the prober promises, measured. `python -m benchmarks` writes docs/mathematics/benchmarks.md."""
