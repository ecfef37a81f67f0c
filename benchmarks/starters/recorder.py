"""Asks the starter probes of the real small model and of changed versions of it, and keeps the replies as logs."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from benchmarks.ladder.rungs import ALL, BASE, Rung
from prober.asking import open_provider
from prober.lab.demo.server import ModelServer, Serving
from prober.lab.demo.weights import cache_directory, carried_model, changed_copy
from prober.loading.declarations import Declarations, load
from prober.loading.reply_log import LoggedReply, line_of, read, write
from prober.model.declaration import Endpoint, Probe

RECORDED: Final = Path(__file__).parent / "recorded"
STARTERS: Final = Path(__file__).parents[2] / "probes"
AGAIN: Final = "again"
"""The unchanged model once more: the control."""
VERSIONS: Final[Mapping[str, Rung]] = MappingProxyType(
    {
        BASE: ALL[BASE],
        "q4_0": ALL["q4_0"],
        "temperature-0.6": Rung("temperature-0.6", temperature=0.6),
        "system-prompt": ALL["system-prompt"],
        "noise-0.1": ALL["noise-0.1"],
        AGAIN: ALL[BASE],
    }
)
"""Name → how the model is served."""
SAMPLES: Final = 4
"""Of each probe and version."""
REFERENCE: Final = 6
"""Of each probe of the unchanged model, which all others are compared with."""
TOKENS: Final = 12
TOKENS_OF: Final[Mapping[str, int]] = MappingProxyType({"verbosity": 24, "format": 32, "determinism": 28})
"""Probe set → most tokens of a reply; `TOKENS` for the others, so that a recording takes about an hour."""
_CONTEXT: Final = 4096

Say: TypeAlias = Callable[[str], None]
"""Hears how far it is."""


@cache
def starters() -> Declarations:
    """The sets as they ship."""
    return load(STARTERS)


def log_of(version: str) -> Path:
    """Where the replies of a version are kept."""
    return RECORDED / f"{version}.jsonl.gz"


def recorded(version: str) -> list[LoggedReply]:
    """The replies of a version so far, in the order they came; those to another wording of a probe are left out."""
    prompts = {f"{one.name}/{probe.id}": _prompt(probe) for one in starters().sets for probe in one.probes}
    path = log_of(version)
    return [reply for reply in read(path) if prompts.get(reply.probe) == reply.prompt] if path.exists() else []


def record(server_log: Path, say: Say) -> None:
    """Ask what is missing. It may be stopped at any moment, and goes on where it was."""
    RECORDED.mkdir(exist_ok=True)
    for version, rung in VERSIONS.items():
        samples = REFERENCE if version == BASE else SAMPLES
        _record(version, rung, samples, server_log)
        say(f"{version}: {samples} samples of each probe")


def _record(version: str, rung: Rung, samples: int, server_log: Path) -> None:
    path, kept = log_of(version), recorded(version)
    had = Counter(reply.probe for reply in kept)
    probes = [(one.name, probe) for one in starters().sets for probe in one.probes]
    missing = [(name, probe) for name, probe in probes if had[f"{name}/{probe.id}"] < samples]
    if not missing:
        return
    write(path, kept)
    weights = carried_model()
    if rung.weights is not None:
        weights = changed_copy(weights, rung.weights, cache_directory())
    with ModelServer(weights, "smollm2", server_log, serving=Serving(context=_CONTEXT)) as server:
        for name, probe in missing:
            endpoint = _endpoint(server.url, rung, TOKENS_OF.get(name, TOKENS))
            with gzip.open(path, "at", encoding="utf-8") as log:
                for reply in _ask(endpoint, rung, name, probe, range(had[f"{name}/{probe.id}"], samples)):
                    log.write(line_of(reply) + "\n")
    write(path, recorded(version))  # one piece packs better than many


def _ask(endpoint: Endpoint, rung: Rung, set_name: str, probe: Probe, samples: range) -> Iterator[LoggedReply]:
    """As the product asks; a hidden system prompt comes between, where no declaration and no log shows it."""
    systems = [text for text in (rung.hidden, probe.system) if text]
    asked = probe.model_copy(update={"system": "\n".join(systems) or None})
    with closing(open_provider(endpoint)) as provider:
        for sample in samples:
            reply = provider.ask(endpoint, asked, sample, datetime.now(UTC))
            yield LoggedReply(
                round=str(sample),
                endpoint=endpoint.name,
                probe=f"{set_name}/{probe.id}",
                reply=reply,
                prompt=_prompt(probe),
                system=probe.system,
                expect=probe.expect,
            )


def _prompt(probe: Probe) -> str:
    return "\n".join(message.content for message in probe.conversation)


def _endpoint(url: str, rung: Rung, tokens: int) -> Endpoint:
    parameters = {"temperature": rung.temperature, "max_tokens": tokens, "logprobs": True, "top_logprobs": 5}
    return Endpoint.model_validate(
        {"name": "smollm2", "provider": "openai", "model": "smollm2", "base_url": url, "parameters": parameters}
    )
