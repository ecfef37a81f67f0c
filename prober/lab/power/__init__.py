"""Power: how large a change has to be for this plan to catch it, by simulation, and what each probe can tell at all.

    past         stored reference rounds → what futures are drawn from, and a judge that has just learnt them
    changes      `CHANGES`: kinds of change, each at sizes from slight to gross
    futures      seeded rounds to come, changed from the first on, and the very judge that reads them
    search       the smallest size that is caught in time, and how sure that is
    information  what one ask of a probe tells, channel by channel

Everything is a pure function of stored rounds, the promise and a seed.
"""

from prober.judging.explain.probe import ProbeInformation
from prober.lab.power.changes import CHANGES, Change
from prober.lab.power.futures import Past, past_of
from prober.lab.power.information import information
from prober.lab.power.search import Caught, Sensitivity, sensitivity

__all__ = [
    "CHANGES",
    "Caught",
    "Change",
    "Past",
    "ProbeInformation",
    "Sensitivity",
    "information",
    "past_of",
    "sensitivity",
]
