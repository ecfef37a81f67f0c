"""Tells you, with evidence, that a model you depend on has silently changed.

As a library: `from prober import load, ask, fingerprint_of, compare, judge`, which `prober.library` describes.
`docs/contributing/journey.md` follows one reply through it, and `docs/contributing/architecture.md` has its layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prober.library import ask as ask
    from prober.library import compare as compare
    from prober.library import fingerprint_of as fingerprint_of
    from prober.library import judge as judge
    from prober.library import load as load
    from prober.library import read_log as read_log
    from prober.library import write_log as write_log

__all__ = ["ask", "compare", "fingerprint_of", "judge", "load", "read_log", "write_log"]


def __getattr__(name: str) -> object:
    """Imported when they are first used, so that the command line begins quickly."""
    if name in __all__:
        from prober import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
