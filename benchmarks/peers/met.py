r"""MET, model equality testing (arXiv 2410.20247).

Replies x of the same prompt are alike by the share of 1,000 positions with the same code point; shorter replies are
padded, and padding is alike too. Replies of different prompts are not alike at all. Over pairs of the same prompt,

    MMD = mean k(x, x') - 2 mean k(x, y) + mean k(y, y')

without a reply's likeness to itself. The p-value permutes replies, each with its prompt, between the sides.

Equal to `mmd_hamming` of the package model-equality-testing 0.0.2, but that its p-value has no +1, and that a side
without two replies to any one prompt gives 0/0 there and leaves out its own term here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial.distance import pdist, squareform

from benchmarks.peers.interface import SHUFFLES, Floats, Ints, Peer, Rounds, exceeded, shared_probes, texts

LENGTH: Final = 1000
"""Code points that are compared, as in the paper."""
PADDING: Final = 0x110000
"""Beyond every code point."""


@dataclass(frozen=True)
class _Pool:
    """Distinct texts of all prompts, side by side."""

    kernels: tuple[Floats, ...]
    """For each prompt, shape (texts, texts)."""
    starts: Ints
    """First column of each prompt."""
    old: Ints
    """Shape (texts of all prompts,): how often each was said in the reference."""
    new: Ints


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """MMD; 0 where no probe has replies on both sides."""
    pool = _pool(reference, candidate)
    return float(_mmd(pool, pool.old, pool.new)) if pool.kernels else 0.0


def p_value(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """Of `score`; 1 where no probe has replies on both sides."""
    pool = _pool(reference, candidate)
    if not pool.kernels:
        return 1.0
    both = pool.old + pool.new
    shuffled = rng.multivariate_hypergeometric(both, int(pool.new.sum()), size=SHUFFLES, method="count")
    return exceeded(float(_mmd(pool, pool.old, pool.new)), _mmd(pool, both - shuffled, shuffled))


def kernel(distinct: Sequence[str]) -> Floats:
    """Share of positions that agree, shape (texts, texts)."""
    cut = [text[:LENGTH].encode("utf-32-le", "surrogatepass") for text in distinct]
    width = max(1, max(map(len, cut)) // 4)
    codes = np.full((len(cut), width), PADDING, dtype=np.float64)
    for row, code in zip(codes, cut, strict=True):
        row[: len(code) // 4] = np.frombuffer(code, dtype="<u4")
    differ: Floats = squareform(pdist(codes, "hamming")) * width / LENGTH
    return 1 - differ


def _pool(reference: Rounds, candidate: Rounds) -> _Pool:
    kernels: list[Floats] = []
    counts: list[Ints] = []
    for probe in shared_probes(reference, candidate):
        old, new = ([text[:LENGTH] for text in texts(rounds, probe)] for rounds in (reference, candidate))
        place = {text: i for i, text in enumerate(dict.fromkeys(old + new))}
        counts.append(np.stack([np.bincount([place[x] for x in side], minlength=len(place)) for side in (old, new)]))
        kernels.append(kernel(list(place)))
    sizes = [len(k) for k in kernels]
    both = np.concatenate(counts, axis=1) if counts else np.zeros((2, 0), dtype=np.int64)
    return _Pool(tuple(kernels), np.cumsum([0, *sizes[:-1]]), both[0], both[1])


def _mmd(pool: _Pool, old: Ints, new: Ints) -> Floats:
    """Of counts, shape (…, texts of all prompts)."""
    x, y = old.astype(float), new.astype(float)
    alike = dict.fromkeys(("xx", "xy", "yy"), np.zeros(x.shape[:-1]))
    ends = [*pool.starts[1:].tolist(), x.shape[-1]]
    for k, start, end in zip(pool.kernels, pool.starts.tolist(), ends, strict=True):
        a, b = x[..., start:end], y[..., start:end]
        ak, bk = a @ k, b @ k
        alike = {
            "xx": alike["xx"] + (ak * a).sum(axis=-1),
            "xy": alike["xy"] + (ak * b).sum(axis=-1),
            "yy": alike["yy"] + (bk * b).sum(axis=-1),
        }
    n, m = np.add.reduceat(x, pool.starts, axis=-1), np.add.reduceat(y, pool.starts, axis=-1)
    return (
        _mean(alike["xx"] - n.sum(axis=-1), (n * n - n).sum(axis=-1))
        - 2 * _mean(alike["xy"], (n * m).sum(axis=-1))
        + _mean(alike["yy"] - m.sum(axis=-1), (m * m - m).sum(axis=-1))
    )


def _mean(total: Floats, pairs: Floats) -> Floats:
    mean: Floats = np.divide(total, pairs, out=np.zeros_like(total), where=pairs > 0)
    return mean


PEER = Peer(name="met", access="text", source="arXiv 2410.20247", score=score, p_value=p_value)
