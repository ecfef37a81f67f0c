"""The promise against what happened: false alarms that were promised, and alarms that may have been false."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prober.judging.promise import chance
from prober.store.engine import Transaction
from prober.store.pages.deliveries import AlarmsOfEndpoint, alarms

_STAYED: Final = ("accepted", "superseded")


@dataclass(frozen=True, slots=True)
class PromiseView:
    """What was promised of an endpoint, and what happened."""

    endpoint: str
    false_alarms_per_year: float
    """As declared."""
    judged: int
    """Rounds judged against a complete reference, ever."""
    promised: float
    """False alarms that these rounds may raise at most, on average: the sum over rounds of 1 / threshold."""
    alarms: int
    """Changes that people were notified of."""
    stayed: int
    """Of these, what a person accepted as a new behaviour, or what later changed again: certainly no false alarm."""
    unclear: int
    """Of these, open still, or ended by a new reference."""
    gone: int
    """Of these, gone by themselves: a change that passed, or a false alarm. Nobody can tell."""
    chance: float
    """P(at least so many of `gone` | false alarms come at the promised rate): small where the promise is in doubt."""

    @property
    def kept(self) -> bool:
        """Whether even if all that went away by themselves were false, the promise is not in doubt (at 1 %)."""
        return self.gone <= self.promised or self.chance >= 0.01


def promises(tx: Transaction) -> tuple[PromiseView, ...]:
    """Of every endpoint as declared last, by name, over all that was asked under its name."""
    return tuple(map(_view, alarms(tx)))


def _view(found: AlarmsOfEndpoint) -> PromiseView:
    total, gone = sum(found.ends.values()), found.ends.get("recovered", 0)
    stayed = sum(found.ends.get(reason, 0) for reason in _STAYED)
    return PromiseView(
        endpoint=found.endpoint,
        false_alarms_per_year=found.false_alarms_per_year,
        judged=found.judged,
        promised=found.promised,
        alarms=total,
        stayed=stayed,
        unclear=total - gone - stayed,
        gone=gone,
        chance=chance(gone, found.promised),
    )
