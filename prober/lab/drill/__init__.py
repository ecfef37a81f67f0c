"""The drill: a change that is known, made on a copy of what was judged, so that the whole path to people is proved.

`stream` takes the newest rounds of an endpoint as they are stored; `changes` makes the change; `run` puts the changed
rounds through the ordinary journey (`prober.service.run_round`) in a store of its own, and delivers what comes of it,
marked as a drill. The store that holds the truth is only ever read.
"""

from prober.lab.drill.run import Delivered, Drilled, Step, drill
from prober.lab.drill.stream import CHANGES, ChangeName

__all__ = ["CHANGES", "ChangeName", "Delivered", "Drilled", "Step", "drill"]
