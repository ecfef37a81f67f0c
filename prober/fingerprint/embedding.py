"""What a reply is about, as a vector of unit length. `EMBEDDERS` is the table; another one is a class and a row.

WordLlama is the mean of static token vectors, 256 dimensions, offline. Its package carries tokenizer and weights
(`wordllama` on PyPI, MIT). They are read from there directly: importing the package itself would set the root logger to
INFO and load an HTTP client, and it tokenizes in threads of its own that complain when a process forks. The vectors are
the same.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from prober.fingerprint.feature import Embedder, EmbedderUnavailable, Features, unreadable
from prober.model.declaration import Probe
from prober.model.reply import Reply

WEIGHTS = "l2_supercat_256"
TOKENIZER = "l2_supercat_tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class _Model:
    tokenizer: Tokenizer
    vectors: NDArray[np.float32]
    """Tokens × dimensions."""


class WordLlama:
    """Loaded at the first use, once; safe to share between threads."""

    name = "wordllama"

    def __init__(self) -> None:
        self._loading = Lock()
        self._model: _Model | None = None
        # Samples of one probe often say the same.
        self._remembered: Callable[[str], tuple[float, ...]] = lru_cache(maxsize=256)(self._mean)

    @cached_property
    def source(self) -> str:
        try:
            return f"wordllama-{importlib.metadata.version('wordllama')}/{WEIGHTS}"
        except importlib.metadata.PackageNotFoundError:
            raise EmbedderUnavailable("the package wordllama is not installed") from None

    def embed(self, text: str) -> Sequence[float]:
        return self._remembered(text)

    def _mean(self, text: str) -> tuple[float, ...]:
        with self._loading:
            model = self._model = self._model or load_model()
        tokens = model.tokenizer.encode(text, add_special_tokens=False).ids
        known = [token for token in tokens if token < len(model.vectors)]
        if not known:
            return (0.0,) * int(model.vectors.shape[1])
        mean: list[float] = model.vectors[known].mean(axis=0, dtype=np.float64).tolist()
        return tuple(mean)


def load_model() -> _Model:
    from safetensors import SafetensorError, safe_open

    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderUnavailable("the package wordllama is not installed")
    folder = Path(spec.submodule_search_locations[0])
    tokenizer, weights = folder / "tokenizers" / TOKENIZER, folder / "weights" / f"{WEIGHTS}.safetensors"
    for file in (tokenizer, weights):
        if not file.is_file():
            raise EmbedderUnavailable(f"the package wordllama carries no {file.name}")
    try:
        with safe_open(weights, framework="np") as tensors:
            vectors = tensors.get_tensor("embedding.weight").astype(np.float32)
    except (SafetensorError, OSError) as reason:
        raise EmbedderUnavailable(f"{weights.name} of the package wordllama cannot be read: {reason}") from None
    return _Model(Tokenizer.from_file(str(tokenizer)), vectors)


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
