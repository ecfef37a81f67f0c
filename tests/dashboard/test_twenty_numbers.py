"""Twenty numbers on the pages, against plain SQL over the stored rounds, replies and tallies."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import cached_store
from dashboard.formatting import number
from prober.incidents.objective_standing import budget_words
from tests.dashboard.conftest import opened_at
from tests.dashboard.populated import populate
from tests.store.world import DAY


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A database, and SQL over its columns: one number a question."""
    path = tmp_path_factory.mktemp("numbers") / "prober.db"
    populate(f"sqlite:///{path}", datetime.now(UTC), count=2, sets=2, days=9, samples_each=2)
    with sqlite3.connect(path) as connection:
        yield f"sqlite:///{path}", lambda question, *given: connection.execute(question, given).fetchone()[0]


@pytest.mark.slow
def test_twenty_numbers_are_those_of_the_database(world, monkeypatch):
    url, sql = world
    monkeypatch.setenv("PROBER_DATABASE_URL", url)
    cached_store.forget()

    def page(name, **query):
        at = opened_at(name, range="7 days", **query)
        at.run()
        assert not at.exception, at.exception
        return at

    today = datetime.now(UTC).date()
    since, month = (today - 6 * DAY).isoformat(), today.replace(day=1).isoformat()
    replies = (
        "FROM reply JOIN round ON round.id = reply.round_id WHERE round.state = 'completed' "
        f"AND substr(label, 1, 10) >= '{since}'"
    )
    price = "(2.5 * total(input_tokens) + 10 * total(output_tokens)) / 1e6"  # on the first of a month there is none yet

    quality = page("quality")
    total = quality.dataframe[-1].value.set_index("probe set").loc["support"]
    of_set = f"FROM tally WHERE day >= '{since}' AND probe_set = 'support'"
    before = f"FROM tally WHERE day < '{since}' AND day != '' AND probe_set = 'support'"
    passed = "SELECT 100.0 * sum(passed) / sum(checked) "
    seen = {
        "replies": (
            total["replies"], sql(f"SELECT count(*) {replies} AND fingerprint IS NOT NULL AND probe_set = 'support'"),
        ),
        "passed": (total["passed"], sql(passed + of_set)),
        "passed, change": (total["passed, change"], sql(passed + of_set) - sql(passed + before)),
        "refused": (total["refused"], sql(f"SELECT 100.0 * sum(refused) / sum(asks - failed) {of_set}")),
        "characters": (total["characters"], sql(f"SELECT sum(characters) * 1.0 / sum(asks - failed) {of_set}")),
        "failed": (
            total["failed"],
            sql(f"SELECT 100.0 * sum(fingerprint IS NULL) / count(*) {replies} AND probe_set = 'support'"),
        ),
    }  # fmt: skip
    checked = sql(f"SELECT sum(checked) {of_set}")
    assert f"% of {checked:,} (was" in next(one.value for one in quality.markdown if "**support**" in one.value)

    months, goes_to = (one.value.set_index("endpoint") for one in page("cost").dataframe[:2])
    bot, of_bot = goes_to.loc["support-bot"], f"FROM tally WHERE day >= '{since}' AND endpoint = 'support-bot'"
    of_month = f"FROM tally WHERE day >= '{month}'"
    confirming = price.replace("(input_", "(confirming_input_").replace("(output_", "(confirming_output_")
    seen |= {
        "month so far": (months["so far"].sum(), sql(f"SELECT {price} {of_month}")),
        "its month": (
            months.loc["support-bot", "so far"], sql(f"SELECT {price} {of_month} AND endpoint = 'support-bot'")
        ),
        "asks": (bot["asks"], sql(f"SELECT count(*) {replies} AND endpoint = 'support-bot'")),
        "tokens": (
            bot[["prompt", "prompt, cached", "reply", "reasoning"]].sum(),
            sql(f"SELECT sum(reply.tokens) {replies} AND endpoint = 'support-bot'"),
        ),
        "cached": (bot["prompt, cached"], sql(f"SELECT sum(cached_tokens) {of_bot}")),
        "dollars": (bot["in all"], sql(f"SELECT {price} {of_bot}")),
        "confirming": (bot["confirming"], sql(f"SELECT {confirming} {of_bot}")),
    }  # fmt: skip
    assert seen["confirming"][0] > 0

    rows = next(one.value for one in page("reliability").dataframe if "latency" in one.value)
    row = rows.set_index("endpoint").loc["search-ranker"]
    due = f"FROM round WHERE endpoint = 'search-ranker' AND substr(coalesce(label, due_at), 1, 10) >= '{since}'"
    of_ranker = f"FROM tally WHERE day >= '{since}' AND endpoint = 'search-ranker'"
    seen |= {
        "rounds": (row["rounds"], sql(f"SELECT count(*) {due} AND state = 'completed'")),
        "missed": (row["missed"], sql(f"SELECT count(*) {due} AND state = 'missed'")),
        "latency": (row["latency"], sql(f"SELECT sum(latency_s) / sum(timed) {of_ranker}")),
    }

    table = page("objectives").dataframe[0].value
    objective = table[(table["set"] == "support") & (table["endpoint"] == "support-bot")].iloc[0]
    lines = (
        "FROM round_line JOIN round USING (endpoint, label) WHERE endpoint = 'support-bot' AND probe_set = 'support'"
    )
    newest = datetime.fromisoformat(sql(f"SELECT max(at) {lines}"))
    lines += f" AND at > '{(newest - timedelta(days=7)).isoformat(' ')}'"
    share = sql(f"SELECT sum(passed) * 1.0 / sum(checked) {lines}")
    seen |= {
        "objective, replies": (objective["replies"], sql(f"SELECT sum(checked) {lines}")),
        "objective, share": (objective["share"], 100 * share),
    }
    assert objective["error budget"] == budget_words(1 - (1 - share) / 0.1)
    dates = page("retirement").dataframe[0].value
    left = sql("SELECT min(julianday(day)) FROM retirement WHERE kind = 'shutdown'")
    by_tag = page("cost", by="tags").dataframe[1].value
    assert any("," in name for name in by_tag["tags"]), "a set with two tags"
    seen["dollars by tag"] = (by_tag["in all"].sum(), sql(f"SELECT {price} FROM tally WHERE day >= '{since}'"))
    seen["days left"] = (dates["left"].min(), left - sql("SELECT julianday(?)", today.isoformat()))

    bot = page("", view="table").dataframe[0].value.set_index("endpoint").loc["support-bot"]
    all_of_bot = "FROM round WHERE endpoint = 'support-bot' AND state = 'completed'"
    newest_first = "FROM round WHERE endpoint = 'support-bot' AND state = 'completed' ORDER BY label DESC"
    seen |= {
        "overview, asks": (bot["asks"], sql(f"SELECT sum(asked) {all_of_bot}")),
        "overview, failed": (bot["failed asks"], sql(f"SELECT sum(failed) {all_of_bot}")),
        "overview, newest round": (
            bot["newest round"].timestamp(),
            datetime.fromisoformat(sql(f"SELECT completed_at {newest_first} LIMIT 1") + "+00:00").timestamp(),
        ),
    }  # fmt: skip
    (said,) = (one.value for one in page("incident", incident="1").markdown if "confirmed by round" in one.value)
    assert f"evidence {number(sql('SELECT e_value FROM incident WHERE id = 1'))} (threshold 365)" in said
    live = page("samples").dataframe[0].value.iloc[0]
    seen["live samples"] = (live["stored"], sql("SELECT count(*) FROM sample"))
    (moved, *_) = (one.value for one in page("endpoint", endpoint="support-bot", channel="expectation").markdown
                   if "an alarm needs" in one.value)  # fmt: skip
    newest = sql(
        "SELECT e_value FROM channel_point WHERE endpoint = 'support-bot' AND channel = 'expectation' "
        "ORDER BY label DESC LIMIT 1"
    )
    assert f"Evidence {number(newest)}; an alarm needs" in moved

    assert len(seen) >= 20
    wrong = {name: pair for name, pair in seen.items() if float(pair[0]) != pytest.approx(float(pair[1]))}
    assert not wrong
