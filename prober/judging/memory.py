"""What the judge remembers of one endpoint between two rounds: constant in size, and the same as text, bit for bit."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, get_origin

import numpy as np
import numpy.typing as npt
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from prober.judging.lasting_noise import MODELS
from prober.judging.statistic import edetector
from prober.judging.statistic.bets import WEIGHTS
from prober.judging.statistic.null import Null
from prober.judging.statistic.oddness import OddnessBar
from prober.judging.statistic.readings import Floats
from prober.judging.statistic.scales import Scale

RECENT: Final = 64
"""Rounds whose values are remembered, to say how large an effect is."""
USUAL: Final = (1_008, timedelta(days=42))
"""After a false alarm so many of the newest rounds, or those of so long, are learnt as one reference, whichever are
more; and never fewer than the old reference has."""


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
    noise: Mapping[str, Floats] = field(default_factory=dict)
    """Channel → what earlier references showed of noise that lasts: `lasting_noise.log_likelihoods`."""
    noise_here: Mapping[str, Floats] = field(default_factory=dict)
    """The same of this one, as the newest check of an alarm found it."""
    repeats_s: float = 0.0
    """Rounds at most so many seconds apart repeat one another, as the reference showed; such rounds of it are one."""
    today: str = ""
    """The day whose replies are pending, where it steps by days."""
    since: str = ""
    """Label of its first round."""
    alarmed: bool = False
    """Whether the newest judgement is an alarm."""
    rejected_log_e: float | None = None
    """ln of the evidence that passed the threshold when an alarm was last not confirmed; None where the newest evidence
    has not passed the threshold, or is an alarm."""
    rejected_because: str = ""
    """Why it was not confirmed."""
    oddness: OddnessBar | None = None
    """What a round must exceed to be odd; None where that was not learnt, or days are the unit."""
    is_odd: bool = False
    """Whether the newest round was."""
    begins: str = ""
    """Label of the round the reference begins with, where a break was found while it was gathered; else empty."""
    begins_at: datetime | None = None
    """When that was, where it is known."""
    learns_noise: bool = False
    """Whether the next reference also shows for how long noise lasts: an alarm among its rounds was a false one."""

    def noise_of(self, channel: str) -> Floats:
        """What all references showed of a channel's noise that lasts; shape (models,)."""
        held = [of[channel] for of in (self.noise, self.noise_here) if channel in of]
        return sum(held, np.zeros(MODELS))

    def anew(self) -> Memory:
        """Before any round of a new reference: what is known of noise that lasts is kept."""
        return Memory(noise={channel: self.noise_of(channel) for channel in {**self.noise, **self.noise_here}})

    def after_false_alarm(self) -> Memory:
        """Before all rounds so far are learnt as one reference. What they showed of noise that lasts is read again with
        them. Where there is no reference yet, nothing has to be learnt anew."""
        if not self.series:
            return self
        return Memory(noise=self.noise, by_day=self.by_day, repeats_s=self.repeats_s, learns_noise=True)


def encode(memory: Memory) -> str:
    """Compact JSON; arrays as base64 of their bytes. Exact: floats survive, so that a restart changes nothing.

    A second line, if any, holds the rounds of the reference that others repeat: more than half of all, and the same
    until there is another reference.
    """
    content = _CODEC.unstructure(memory)
    nulls = {name: held["statistic"]["null"] for name, held in content["channels"].items()}
    repeats = {name: null.pop(_REPEATS_NAME) for name, null in nulls.items()}
    return "\n".join(map(_as_json, (content, repeats))) if repeats else _as_json(content)


def _as_json(content: object) -> str:
    # What was just built holds no circle; to look for one takes a fifth of the time.
    return json.dumps(content, separators=(",", ":"), ensure_ascii=True, check_circular=False)


def decode(text: str) -> Memory:
    """The memory that `encode` was given. Fields that an older text lacks have their defaults."""
    content, *constant = map(json.loads, text.split("\n", 1))
    for name, repeats in constant[0].items() if constant else ():  # in an older text they are in their places
        content["channels"][name]["statistic"]["null"][_REPEATS_NAME] = repeats
    memory = _CODEC.structure(content, Memory)
    return replace(memory, channels={name: _with_all_bets(held) for name, held in memory.channels.items()})


def _with_all_bets(held: ChannelMemory) -> ChannelMemory:
    """Strategies that an older text lacks have won nothing at its onsets."""
    onsets = held.statistic.onsets
    lacking = len(WEIGHTS) - onsets.log_capital.shape[1]
    if not lacking:
        return held
    padded = np.pad(onsets.log_capital, ((0, 0), (0, lacking)), constant_values=-np.inf)
    return replace(held, statistic=replace(held.statistic, onsets=replace(onsets, log_capital=padded)))


def _encoded(array: npt.NDArray[Any]) -> dict[str, object]:
    # Little-endian on every machine, so that a memory may move between them.
    plain = np.ascontiguousarray(array, dtype={"f": "<f8", "i": "<i8", "b": "|b1"}[array.dtype.kind])
    return {"shape": plain.shape, "dtype": plain.dtype.str, "bytes": base64.b64encode(plain.tobytes()).decode("ascii")}


def _decoded(held: Mapping[str, Any], _: object) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.frombuffer(base64.b64decode(held["bytes"]), dtype=held["dtype"])
    return array.reshape(held["shape"])


def _is_array(of: object) -> bool:
    return get_origin(of) is np.ndarray


_CODEC: Final = Converter()
_CODEC.register_unstructure_hook(datetime, datetime.isoformat)
_CODEC.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_CODEC.register_unstructure_hook_func(_is_array, _encoded)
_CODEC.register_structure_hook_func(_is_array, _decoded)
# JSON has these as they are; cattrs would call itself for each of hundreds of values.
_PLAIN: Final[Mapping[object, Callable[[list[Any]], tuple[Any, ...]]]] = {
    tuple[str, ...]: tuple,
    tuple[float, ...]: lambda held: tuple(map(float, held)),
    tuple[tuple[str, float], ...]: lambda held: tuple(map(tuple, held)),
    tuple[tuple[int, int, float | None], ...]: lambda held: tuple(
        (row, category, None if number is None else float(number)) for row, category, number in held
    ),
}
_CODEC.register_unstructure_hook_func(_PLAIN.__contains__, lambda value: value)
_CODEC.register_structure_hook_func(_PLAIN.__contains__, lambda held, of: _PLAIN[of](held))
# These fields have another name in the text, which stays as it has always been.
_REPEATS_NAME: Final = "echoes"
_REPEATS, _REJECTED = override(rename=_REPEATS_NAME), override(rename="doubted")
_SELDOM: Final = override(omit_if_default=True)
_CODEC.register_unstructure_hook(Null, make_dict_unstructure_fn(Null, _CODEC, repeats=_REPEATS))
_CODEC.register_structure_hook(Null, make_dict_structure_fn(Null, _CODEC, repeats=_REPEATS))
_CODEC.register_unstructure_hook(
    Memory, make_dict_unstructure_fn(Memory, _CODEC, rejected_log_e=_REJECTED, learns_noise=_SELDOM)
)
_CODEC.register_structure_hook(Memory, make_dict_structure_fn(Memory, _CODEC, rejected_log_e=_REJECTED))
