"""The methods others use, transcribed plainly and run on the same replies: `PEERS` is the table.

| peer | needs | known weakness |
|---|---|---|
| `lt` | log-probabilities of the first token | few endpoints give them; names no error rate; blind at first |
| `b3it` | many samples of prompts whose first token varies | sees only that token; shifts under 0.2 pass |
| `met` | several replies a prompt on both sides | a leading space shifts every position; takes replies as independent |
| `length_only` | any text | blind to whatever leaves lengths alone; takes replies as independent |
| `usual` | any text, an embedder | alarms on unchanged rounds all year, as each of its three readings may |
| `betting` | replies that repeat | its frozen null is not the truth: wealth grows without a change; late after calm |
| `scan` | replies that repeat | thresholds hold for independent rounds only; rare outputs make heavy tails |

A peer is one file with a `PEER` and one row here. `score` compares two sets of rounds and is what the area under the
curve is taken of; `p_value` is the paper's own test; `monitor` is its production rule on a stream, and `track` the same
as a number whose threshold is 1, so that all can be held to one rate of false alarms.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.peers import b3it, betting, length_only, lt, met, scan, usual
from benchmarks.peers.interface import Peer

__all__ = ["PEERS", "Peer"]

PEERS: Mapping[str, Peer] = MappingProxyType(
    {module.PEER.name: module.PEER for module in (lt, b3it, met, length_only, usual, betting, scan)}
)
"""Name → peer."""
