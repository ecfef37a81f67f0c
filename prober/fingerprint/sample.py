"""The fingerprint of a live sample: prompt and reply are each read as a reply to a probe is, without personal data.

No feature that holds words of the text, or a hash of it, is kept: only measures, categories and the vector of what it
is about, coarsened. Beside it stand 32 bits of a hash of the prompt, by which loops are seen.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, get_args

from prober.fingerprint.fingerprint import fingerprint
from prober.fingerprint.language import language
from prober.fingerprint.personal_data import without_personal_data
from prober.model.declaration import Probe
from prober.model.evidence import Fingerprint
from prober.model.reply import Failure, Reply
from prober.model.sample import Sample, SampleRules, StoredSample

READ: Final = 100_000
"""Characters of a text that are looked at."""
DECIMALS: Final = 2
"""To how many decimals each component of a vector is kept."""
_CATEGORIES: Final = ("structure.shape", "text.reply_type", "refusal.refused", "expectation.all")
_IDENTITY: Final = ("identity.model", "identity.system_fingerprint")
_NUMBERS: Final = ("text.characters", "usage.reasoning_tokens")
_LONGEST_NAME: Final = 120
_HASH_DIGITS: Final = 8


def read_sample(
    sample: Sample, rules: SampleRules, received: datetime, secret: bytes | None = None
) -> tuple[StoredSample, Mapping[str, int]]:
    """What is kept of a sample, and how often each kind of personal data was taken out.

    `received`: when it was handed in, the time of a sample that has none, or one in the future. `secret`: the key of
    the hashes, where personal data is replaced by them.
    """
    found: Counter[str] = Counter()

    def cleaned(text: str | None) -> str | None:
        if text is None:
            return None
        clean, finds = without_personal_data(text[:READ], rules.personal_data, secret)
        found.update(finds)
        return clean

    reply, prompt = sample.reply, cleaned(sample.prompt)
    text, refusal = cleaned(reply.text), cleaned(reply.refusal)
    at = reply.at if reply.at.year > 1970 and reply.at <= received else received
    stored = StoredSample(
        key=_key(sample, prompt, text),
        endpoint=sample.endpoint[:_LONGEST_NAME],
        feature=sample.feature[:_LONGEST_NAME],
        at=at,
        error=_failure(reply),
        inputs=_inputs(prompt, at) if prompt else None,
        outputs=_outputs(replace(reply, text=text, refusal=refusal), sample) if reply.answered else None,
        scores=dict(sample.scores),
        model=(reply.model or reply.requested_model or "")[:_LONGEST_NAME],
        input_tokens=reply.input_tokens,
        output_tokens=reply.all_output_tokens,
        trace=_short_hash(sample.trace),
        asked=_short_hash(prompt and f"{sample.endpoint}\x1f{sample.feature}\x1f{prompt}"),
    )
    return (stored if rules.keep == "fingerprint" else replace(stored, prompt=prompt, text=text)), found


def _inputs(prompt: str, at: datetime) -> Fingerprint:
    found = fingerprint(Reply(at=at, text=prompt), Probe.model_construct(id="sample"))
    return _kept(found, prompt, ("structure.shape", "text.reply_type"))


def _outputs(reply: Reply, sample: Sample) -> Fingerprint:
    found = fingerprint(reply, Probe.model_construct(id="sample", expect=sample.expect))
    return _kept(found, reply.text or "", (*_CATEGORIES, *_IDENTITY))


def _kept(found: Fingerprint, text: str, categories: tuple[str, ...]) -> Fingerprint:
    kept = {name: found.categories[name] for name in categories if name in found.categories}
    if "text.reply_type" in kept:
        kept["text.reply_type"] = f"{language(text)} {kept['text.reply_type']}"
    return Fingerprint(
        categories=kept,
        numbers={name: found.numbers[name] for name in _NUMBERS if name in found.numbers},
        vectors={
            name: tuple(round(one, DECIMALS) for one in vector)
            for name, vector in found.vectors.items()
            if name.startswith("embedding.")
        },
    )


def _failure(reply: Reply) -> str:
    """A word of ours: what another tool says of an error may quote the prompt."""
    failure = reply.failure
    return "" if failure is None else failure if failure in get_args(Failure) else "failed"


def _short_hash(text: str | None) -> str:
    """Shows that two texts of an hour are the same. It also shows that a text that somebody guesses was one of them."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS] if text else ""


def _key(sample: Sample, prompt: str | None, text: str | None) -> str:
    parts = (sample.endpoint, sample.feature, sample.reply.at.isoformat(), sample.reply.reply_id, sample.source)
    content = "\x1f".join(map(str, (*parts, prompt, text)))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
