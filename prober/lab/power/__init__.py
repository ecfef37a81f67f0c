"""Power: how large a change has to be for this plan to catch it, by simulation, and what each probe can tell at all.

    history   the reference: the rounds that futures are drawn from, and what one ask of each probe tells
    changes   `CHANGES`: kinds of change, each at sizes from slight to gross
    search    seeded rounds to come, changed from the first on; the smallest size that the judge catches in time

Everything is a pure function of stored rounds, the promise and a seed.
"""

from prober.judging.explain.probe import ProbeInformation
from prober.lab.power.changes import CHANGES, Change
from prober.lab.power.history import ReferenceHistory, history_of, information
from prober.lab.power.search import Caught, Sensitivity, sensitivity

__all__ = [
    "CHANGES",
    "Caught",
    "Change",
    "ProbeInformation",
    "ReferenceHistory",
    "Sensitivity",
    "history_of",
    "information",
    "sensitivity",
]
