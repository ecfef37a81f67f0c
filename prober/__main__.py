"""`python -m prober`."""

from __future__ import annotations

import sys

from prober.cli import main

sys.exit(main())
