"""The rungs: real small changes of a real small model, such as a provider might make without saying so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prober.lab.demo.server import Serving
from prober.lab.demo.weights import Variant

BASE = "base"

NUMERICS: Mapping[str, Serving] = MappingProxyType(
    {
        "flash": Serving(flash_attention=True),
        "plain": Serving(flash_attention=False),
        "plain-by-token": Serving(flash_attention=False, batch=1),
    }
)
"""How the same weights are computed. Each sums in an order of its own, so their low bits differ, and the activations,
rounded to 8 bits, carry that into the probabilities. Real endpoints mix such ways by load and machine."""

_PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ 'A: ' if message.role == 'assistant' else 'Q: ' if message.role == 'user' else ''"
    " }}{{ message.content }}\n{% endfor %}A:"
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One change; whatever is not named stays as it was."""

    name: str
    weights: Variant | None = None
    """How the weights are changed; None for the carried ones."""
    is_cache_coarse: bool = False
    """Keys and values of the attention cache in Q4_0. Only flash attention can, and in one way: one numerics."""
    template: str | None = None
    """Another chat template, in Jinja."""
    hidden: str | None = None
    """A system message put in front of everything."""
    temperature: float = 1.0

    @property
    def numerics(self) -> tuple[Serving, ...]:
        """How a server computes this rung, one a numerics."""
        if self.is_cache_coarse:
            return (Serving(flash_attention=True, cache_format="Q4_0"),)
        return tuple(Serving(way.flash_attention, way.batch, template=self.template) for way in NUMERICS.values())


_ALL = (
    Rung(BASE),
    Rung("q8_0", Variant("Q8_0")),
    Rung("q5_0", Variant("Q5_0")),
    Rung("q4_0", Variant("Q4_0")),
    Rung("noise-0.01", Variant("Q8_0", noise=0.01)),
    Rung("noise-0.02", Variant("Q8_0", noise=0.02)),
    Rung("noise-0.05", Variant("Q8_0", noise=0.05)),
    Rung("noise-0.1", Variant("Q8_0", noise=0.1)),
    Rung("prune-0.05", Variant("Q8_0", prune=0.05)),
    Rung("prune-0.2", Variant("Q8_0", prune=0.2)),
    Rung("system-prompt", hidden="You are a friendly assistant who keeps every answer short and polite."),
    Rung("temperature-0.9", temperature=0.9),
    Rung("kv-q4_0", is_cache_coarse=True),
    Rung("template", template=_PLAIN_TEMPLATE),
)
ALL: Mapping[str, Rung] = MappingProxyType({rung.name: rung for rung in _ALL})
"""Name → rung, the unchanged model first."""
