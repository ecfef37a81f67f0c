"""WordLlama: mean of static token vectors, 256 dimensions, offline.

Its package carries tokenizer and weights (`wordllama` on PyPI, MIT). They are read from there directly: importing the
package itself would set the root logger to INFO and load an HTTP client, and it tokenizes in threads of its own that
complain when a process forks. The vectors are the same.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from prober.fingerprint.feature import EmbedderUnavailable

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

    @cached_property
    def source(self) -> str:
        try:
            return f"wordllama-{importlib.metadata.version('wordllama')}/{WEIGHTS}"
        except importlib.metadata.PackageNotFoundError:
            raise EmbedderUnavailable("the package wordllama is not installed") from None

    def embed(self, text: str) -> Sequence[float]:
        with self._loading:
            model = self._model = self._model or _load()
        tokens = model.tokenizer.encode(text, add_special_tokens=False).ids
        known = [token for token in tokens if token < len(model.vectors)]
        if not known:
            return [0.0] * model.vectors.shape[1]
        mean: list[float] = model.vectors[known].mean(axis=0, dtype=np.float64).tolist()
        return mean


def _load() -> _Model:
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
