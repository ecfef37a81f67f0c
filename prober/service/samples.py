"""Taking in live samples: without personal data, within the rate, and into a store of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from prober.fingerprint.sample import read_sample
from prober.loading.samples import samples_of
from prober.model.errors import ConfigurationError
from prober.model.sample import Sample, SampleRules, StoredSample, Taken
from prober.settings import secret
from prober.store import Store, samples

BATCH: Final = 200
"""Samples stored in one transaction."""
KEY: Final = "PROBER_SAMPLES_KEY"


def accept_samples(
    store: Store,
    lines: Sequence[Mapping[str, Any]],
    rules: SampleRules,
    now: datetime,
    *,
    feature: str | None = None,
    source: str = "samples",
) -> Taken:
    """Take in the objects of one request, each such as a line of a reply log holds; all or, where one cannot be read,
    none. `feature` is that of objects that name none.

    Raises LogError naming `source` and the number of the object, ConfigurationError where the rules need a secret that
    is not set, and StoreError.
    """
    return take_in(store, list(samples_of(lines, source, feature)), rules, now)


def take_in(store: Store, told: Iterable[Sample], rules: SampleRules, now: datetime) -> Taken:
    """Read each sample, store it, and judge the windows that are over. Raises ConfigurationError and StoreError."""
    key, total, finds = _key(rules), Taken(), Counter[str]()
    waiting = iter(told)
    while batch := list(islice(waiting, BATCH)):
        read: list[StoredSample] = []
        for one in batch:
            stored, found = read_sample(one, rules, now, key)
            read.append(stored)
            finds.update(found)
        added = store.change(samples.add, read, rules.per_minute)
        total = Taken(
            samples=total.samples + len(batch),
            stored=total.stored + added.stored,
            dropped=total.dropped + added.dropped,
            known=total.known + added.known,
            personal_data=dict(finds),
        )
    store.change(samples.delete_before, now - timedelta(seconds=rules.keep_for_s))
    return total


def _key(rules: SampleRules) -> bytes | None:
    if rules.replace_by == "name":
        return None
    found = secret(KEY)
    if found is None:
        raise ConfigurationError(
            f"replace_by: hash needs a key; set the environment variable {KEY}, or write replace_by: name"
        )
    return found.get_secret_value().encode()
