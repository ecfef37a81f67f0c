"""What is read off one reply: `FEATURES` is the table, `fingerprint` reads them all.

Adding a feature is one file with an `extract` and one row here. Everything is a pure function of the reply and the
probe, so fingerprints can be computed again from stored replies at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from prober.fingerprint import embedding, expectation, identity, language, refusal, structure, text
from prober.fingerprint.embedding import WORDLLAMA
from prober.fingerprint.feature import Embedder, Extractor, Features, merge, unreadable
from prober.model.declaration import Probe
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply

FEATURES: Mapping[str, Extractor] = MappingProxyType(
    {
        "identity": identity.extract,  # who the provider says it is
        "text": text.extract,  # how long, in what script, which words exactly
        "language": language.extract,  # which language it is in
        "structure": structure.extract,  # how it is laid out
        "refusal": refusal.extract,  # whether it declines to answer
        "expectation": expectation.extract,  # whether the probe's checks hold
        "embedding": embedding.extract,  # what it is about
        "logprobs": identity.extract_logprobs,  # how sure the model was of its first token
        "usage": identity.extract_usage,  # what it cost in tokens and seconds
    }
)
"""Feature name → what reads it. The name is the first part of every key it contributes."""


def fingerprint(reply: Reply, probe: Probe, embedder: Embedder | None = WORDLLAMA) -> Fingerprint:
    """Every feature of one answered reply.

    Keys are `<feature>.<name>`. What could not be read is in `unreadable` under the same key, or under `<feature>`
    alone when it concerns all of it; nothing is silently absent. With `embedder=None` no vector is computed.

    Raises:
        ValueError: the ask failed, so there is nothing to read; a failed ask never reaches a detector.
    """
    if not reply.answered:
        raise ValueError(f"only answered replies have a fingerprint; this ask failed: {reply.error or 'no text'}")
    extractors: dict[str, Extractor] = {**FEATURES, "embedding": partial(embedding.extract, embedder=embedder)}
    return merge({name: _extracted(extract, reply, probe) for name, extract in extractors.items()})


def _extracted(extract: Extractor, reply: Reply, probe: Probe) -> Features:
    """The boundary around each feature: an odd reply costs the features that cannot read it, never the reply."""
    try:
        return extract(reply, probe)
    except Exception as error:
        return unreadable(f"reading it failed: {type(error).__name__}")
