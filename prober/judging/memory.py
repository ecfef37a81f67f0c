"""What the judge remembers of one endpoint between two rounds: constant in size, and the same as text, bit for bit."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from prober.judging.statistic import edetector
from prober.judging.statistic.edetector import State
from prober.judging.statistic.null import Null
from prober.judging.statistic.onsets import Onsets
from prober.judging.statistic.scales import Scale
from prober.judging.statistic.table import Floats

RECENT: Final = 64
"""Rounds whose values are remembered, to say how large an effect is."""


@dataclass(frozen=True, slots=True)
class ChannelMemory:
    """What one channel remembers of one endpoint."""

    rows: tuple[str, ...]
    """Series, in the order of the statistic's rows; one row without a name where the channel pools them."""
    probes: tuple[str, ...]
    """Their names."""
    scales: tuple[Scale, ...]
    statistic: edetector.State
    reference: Floats
    """Shape (rows, categories): mean of the reference, for showing."""
    pending: tuple[tuple[int, int, float | None], ...] = ()
    """(row, category, number) of the replies that no step of the statistic has taken yet."""
    recent: tuple[tuple[str, float], ...] = ()
    """(round, mean reading relative to the reference) of the newest rounds."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the judge remembers of one endpoint in one epoch. Constant in size."""

    channels: Mapping[str, ChannelMemory] = field(default_factory=dict)
    series: tuple[str, ...] = ()
    """Series whose reference is complete."""
    reference_rounds: tuple[str, ...] = ()
    """Labels of the rounds in any reference, in order."""
    by_day: bool = False
    """Whether the rounds of one day are one step of the statistic."""
    today: str = ""
    """The day whose replies are pending, where it steps by days."""
    since: str = ""
    """Label of its first round."""
    alarmed: bool = False
    """Whether the newest judgement is an alarm."""
    rejected_log_e: float | None = None
    """ln of the evidence that passed the threshold when the permutation check last rejected an alarm; None where the
    newest evidence has not passed the threshold, or is an alarm."""


_IN_TEXT: Final = {"repeats": "echoes", "rejected_log_e": "doubted"}
"""Fields that have another name in the text, which stays as it has always been."""
_IN_MEMORY: Final = {text: field for field, text in _IN_TEXT.items()}


def encode(memory: Memory) -> str:
    """Compact JSON; arrays as base64 of their bytes. Exact: floats survive, so that a restart changes nothing."""
    plain = asdict(memory, dict_factory=lambda pairs: {_IN_TEXT.get(key, key): value for key, value in pairs})
    return json.dumps(plain, default=_encode_array, separators=(",", ":"), ensure_ascii=True)


def decode(text: str) -> Memory:
    """The memory that `encode` was given."""
    held = json.loads(text, object_hook=_decode_object)
    return Memory(
        channels={name: _channel(channel) for name, channel in held["channels"].items()},
        series=tuple(held["series"]),
        reference_rounds=tuple(held["reference_rounds"]),
        by_day=held["by_day"],
        today=held["today"],
        since=held["since"],
        alarmed=held.get("alarmed", False),  # memories from before these two were kept go on as well
        rejected_log_e=held.get("rejected_log_e"),
    )


def _channel(held: Mapping[str, Any]) -> ChannelMemory:
    statistic = held["statistic"]
    onsets = {**statistic["onsets"], "labels": tuple(statistic["onsets"]["labels"])}
    return ChannelMemory(
        rows=tuple(held["rows"]),
        probes=tuple(held["probes"]),
        scales=tuple(_scale(scale) for scale in held["scales"]),
        statistic=State(Null(**statistic["null"]), Onsets(**onsets), statistic["rounds"]),
        reference=held["reference"],
        pending=tuple((row, category, number) for row, category, number in held["pending"]),
        recent=tuple((label, value) for label, value in held["recent"]),
    )


def _scale(held: Mapping[str, Any]) -> Scale:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in held.items()}
    return Scale(**fields)


def _encode_array(value: object) -> object:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"cannot encode {type(value).__name__}")
    # Little-endian on every machine, so that a memory may move between them.
    plain = np.ascontiguousarray(value, dtype={"f": "<f8", "i": "<i8", "b": "|b1"}[value.dtype.kind])
    return {"shape": plain.shape, "dtype": plain.dtype.str, "bytes": base64.b64encode(plain.tobytes()).decode("ascii")}


def _decode_object(value: dict[str, Any]) -> object:
    if value.keys() != {"shape", "dtype", "bytes"}:
        return {_IN_MEMORY.get(key, key): one for key, one in value.items()}
    return np.frombuffer(base64.b64decode(value["bytes"]), dtype=value["dtype"]).reshape(value["shape"])
