"""Benchmarks: what the prober promises, measured. `python -m benchmarks` writes docs/mathematics/benchmarks.md."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported: as the prober's own command line does
