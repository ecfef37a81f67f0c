"""Small random worlds of tables, for the tests of the statistic."""

from __future__ import annotations

from itertools import product

import numpy as np

from prober.judging.statistic import edetector, null
from prober.judging.statistic.learning import learn
from prober.judging.statistic.null import NullStack
from prober.judging.statistic.readings import Table

LABELS = [f"{i:04d}" for i in range(2000)]


def step(state, table, label):
    """One round of one channel."""
    return edetector.steps([state], [table], label)[0]


def log_classes(still, table):
    """Of one channel."""
    return null.log_classes(NullStack.of([still]), table)[0]


def table_of(counts):
    """The table with these counts, a list a row."""
    return Table.of([(p, c) for p, row in enumerate(counts) for c, n in enumerate(row) for _ in range(n)], len(counts))


def random_table(rng, widths, least=0, most=4):
    pairs = [(p, int(rng.integers(w))) for p, w in enumerate(widths) for _ in range(rng.integers(least, most + 1))]
    rng.shuffle(pairs)
    return Table.of([(int(p), int(c)) for p, c in pairs], len(widths))


def small_world(seed, most_rows=3):
    """(null learnt from five rounds, rng, categories of each row): a few rows, padded to the widest."""
    rng = np.random.default_rng(seed)
    widths = [int(w) for w in rng.integers(2, 5, size=rng.integers(1, most_rows + 1))]
    wide = max(widths)
    prior = np.array([[0.5 if c < w else 0.0 for c in range(wide)] for w in widths])
    score = np.array([[float(c) if c < w else 0.0 for c in range(wide)] for w in widths])
    has_new = rng.integers(0, 2, size=len(widths))
    novel = np.array([[bool(new) and c == w - 1 for c in range(wide)] for w, new in zip(widths, has_new, strict=True)])
    names = rng.integers(4, size=prior.shape)
    return learn([random_table(rng, widths, least=1) for _ in range(5)], prior, score, novel, names), rng, widths


def equal_rounds(counts, rounds=5, novel=False):
    """The null learnt from so many rounds with the same counts; `novel` marks the last category of every row."""
    shape = (len(counts), len(counts[0]))
    marks = np.zeros(shape, dtype=bool)
    marks[:, -1] = novel
    score = np.tile(np.arange(shape[1], dtype=float), (shape[0], 1))
    return learn([table_of(counts)] * rounds, np.full(shape, 0.5), score, marks)


def every_round(widths, replies):
    """All ordered rounds in which each row has so many replies."""
    rows = [p for p in range(len(widths)) for _ in range(replies)]
    for categories in product(*(range(widths[p]) for p in rows)):
        yield Table.of(list(zip(rows, categories, strict=True)), len(widths))
