"""The result as an ordinary probe set. A file that a person edited is never overwritten unasked."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import yaml

from prober.lab.discover.scan import Tried
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError, Problem
from prober.text import count as number_of
from prober.text import short

SAMPLES: Final = 3
"""Asks of a probe in one round, unless the endpoint's budget of asks a day is smaller."""
_SEAL = "# sealed: "
"""Before the hash of everything else in the file, which tells an untouched file from an edited one."""
_ANSWERS_SHOWN = 6


def default_output(endpoint: str) -> Path:
    """Where the probe set of an endpoint goes by default."""
    return Path("probes") / f"discovered-{re.sub(r'[^A-Za-z0-9._-]', '-', endpoint)}.yaml"


def progress_of(output: Path) -> Path:
    """Where the replies are kept, beside the output; hidden, and no YAML, so that nothing else reads it."""
    return output.with_name(f".discover-{output.stem}.jsonl")


def refuse_edited(output: Path) -> None:
    """Raises ConfigurationError where there is a file that was not written by us, or was edited since."""
    try:
        if output.exists() and not _is_sealed(output.read_text(encoding="utf-8")):
            message = "already exists, and was written or edited by hand; name another --output, or add --force"
            raise ConfigurationError([Problem(str(output), 0, "", message)])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem(str(output), 0, "", "already exists; name another --output")]) from error


def write(output: Path, endpoint: Endpoint, chosen: Sequence[Tried], owner: str, notes: Sequence[str]) -> None:
    """Write the file, whole or not at all. Raises ConfigurationError where it cannot be written."""
    text = probe_set(output.stem, endpoint, chosen, owner, notes)
    draft = output.with_name(f".{output.name}.draft")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(_SEAL + _hash(text) + "\n" + text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(output)
    except OSError as error:
        message = f"cannot be written ({error.strerror}); name another place with --output"
        raise ConfigurationError([Problem(str(output), 0, "", message)]) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def header(endpoint: Endpoint, seed: int, budget: int, spent: int, at: datetime, tried: Sequence[Tried]) -> list[str]:
    """How, when and at what cost the probes were found."""
    varied = sum(len(one.answers) > 1 for one in tried)
    used = max((reply.output_tokens or 0 for one in tried for reply in one.replies), default=0)
    return [
        f"Found on {at:%Y-%m-%d %H:%M} UTC by",
        f"prober discover {endpoint.name} --budget-tokens {budget} --seed {seed}",
        f"{number_of(spent, 'token')} spent; {number_of(len(tried), 'prompt')} tried, {varied} of them "
        "gave more than one answer.",
        "Kept are those that show most of a small change for each token: few answers, about equally frequent.",
        f"No reply took more than {number_of(used, 'output token')}. A smaller limit would be cheaper, but in this "
        "endpoint's",
        "parameters it would begin the series of all its probes again; declare a separate endpoint for it.",
    ]


def probe_set(name: str, endpoint: Endpoint, chosen: Sequence[Tried], owner: str, notes: Sequence[str]) -> str:
    """The file's text, without its seal."""
    samples = max(1, min(SAMPLES, (endpoint.budget.asks_per_day or 10_000) // max(len(chosen), 1)))
    head = {
        "name": re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9._/-]", "-", name).lstrip("-._/")[:120] or "discovered",
        "owner": owner,
        "description": f"Short prompts that {endpoint.name} answers in more than one way.",
        "endpoints": [endpoint.name],
        "schedule": {"every": "6h", "jitter": "15m"},
        "tags": ["discovered"],
    }
    lines = [*(f"# {note}" for note in notes), "", _yaml(head).rstrip(), "", "probes:"]
    for one in chosen:
        probe = {
            "id": one.candidate.probe.id,
            "prompt": one.candidate.probe.prompt,
            "samples": samples,
            "tags": [one.candidate.kind],
        }
        lines += [f"  # {_answers(one)}", *("  " + line for line in _yaml([probe]).splitlines())]
    return "\n".join(lines) + "\n"


def _answers(one: Tried) -> str:
    """What was answered how often, made fit for a comment."""
    counts = one.answers
    shown = ", ".join(f"{short(answer)} {count}" for answer, count in counts.most_common(_ANSWERS_SHOWN))
    others = len(counts) - _ANSWERS_SHOWN
    return f"{number_of(counts.total(), 'ask')}: {shown}" + (f", {number_of(others, 'other')}" if others > 0 else "")


def _yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1_000)
    return text


def _is_sealed(text: str) -> bool:
    first, _, rest = text.partition("\n")
    return first == _SEAL + _hash(rest)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
