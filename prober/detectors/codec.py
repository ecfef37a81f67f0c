"""Memory ↔ text. Exact: floats survive bit for bit, so that a restart changes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from prober.detectors.edetector import Onsets, State
from prober.detectors.memory import ChannelMemory, Memory
from prober.detectors.null import Null
from prober.detectors.scales import Scale


def encode(memory: Memory) -> str:
    """Compact JSON; arrays as base64 of their bytes."""
    return json.dumps(asdict(memory), default=_encode_array, separators=(",", ":"), ensure_ascii=True)


def decode(text: str) -> Memory:
    """The memory that `encode` was given."""
    held = json.loads(text, object_hook=_decode_array)
    return Memory(
        channels={name: _channel(channel) for name, channel in held["channels"].items()},
        series=tuple(held["series"]),
        reference_rounds=tuple(held["reference_rounds"]),
        by_day=held["by_day"],
        today=held["today"],
        since=held["since"],
        alarmed=held.get("alarmed", False),  # memories from before these two were kept go on as well
        doubted=held.get("doubted"),
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


def _decode_array(value: dict[str, Any]) -> object:
    if value.keys() != {"shape", "dtype", "bytes"}:
        return value
    return np.frombuffer(base64.b64decode(value["bytes"]), dtype=value["dtype"]).reshape(value["shape"])
