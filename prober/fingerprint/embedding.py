"""What a reply is about, as a vector of unit length. `EMBEDDERS` is the table; another one is a file and a row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from prober.fingerprint.feature import Embedder, EmbedderUnavailable, Features, unreadable
from prober.fingerprint.wordllama import WordLlama
from prober.model.declaration import Probe
from prober.model.reply import Reply

WORDLLAMA = WordLlama()
EMBEDDERS: Mapping[str, Embedder] = MappingProxyType({embedder.name: embedder for embedder in (WORDLLAMA,)})
"""Name → embedder; models are loaded when first used."""

READ = 8_000
"""Characters that are embedded."""

DECIMALS = 6
"""Of each component: short to store, and the last bits of floating point, which differ between machines, are gone."""


def extract(reply: Reply, probe: Probe, embedder: Embedder | None = WORDLLAMA) -> Features:
    """Vector `<embedder>` of length 1, and category `source`: which embedder, version and weights made it."""
    if embedder is None:
        return unreadable("no embedder is in use")
    whole = (reply.text or "").strip()
    text = whole[:READ].encode("utf-8", "replace").decode().rstrip()
    if not text:
        return unreadable("a blank text has no direction")
    try:
        vector = _unit(np.asarray(embedder.embed(text), dtype=np.float64))
        source = embedder.source
    except EmbedderUnavailable as reason:
        return unreadable(str(reason))
    if vector is None:
        return unreadable("the embedder gave a vector of no length")
    cut = {"": f"only the first {READ} characters were read"} if len(whole) > READ else {}
    return Features({"source": source}, vectors={embedder.name: vector}, unreadable=cut)


def _unit(vector: NDArray[np.float64]) -> tuple[float, ...] | None:
    length = math.sqrt(float(np.square(vector).sum()))
    if not (math.isfinite(length) and length > 0):
        return None
    return tuple((np.round(vector / length, DECIMALS) + 0.0).tolist())  # + 0.0 turns -0.0 into 0.0
