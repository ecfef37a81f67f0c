"""How often what has a given chance may happen: bounds that a sound test exceeds with a probability of at most `doubt`."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr  # importing scipy.stats takes a second


def most(trials: int, chance: float, doubt: float = 1e-3) -> int:
    """The smallest count that is exceeded with a probability of at most `doubt`."""
    return int(np.argmax(bdtr(np.arange(trials + 1), trials, min(chance, 1.0)) >= 1 - doubt))


def fewest(trials: int, chance: float, doubt: float = 1e-3) -> int:
    """The largest count that is not reached with a probability of at most `doubt`."""
    return most(trials, chance, 1 - doubt)
