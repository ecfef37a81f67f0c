"""replay, compare, export, import: reply logs in and out, judged the same everywhere."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import prober.cli.import_ as import_module
from prober.judging.promise import Promise
from prober.lab.replay import replay, rounds_of
from prober.loading import parquet
from prober.loading.reply_log import line_of, read
from prober.model.errors import ConfigurationError
from prober.model.reply import ToolCall
from prober.store import Store, incidents
from prober.store.declared import promise_of
from prober.store.pages import over_time, overview
from prober.store.pages import replies as stored_replies
from tests.cli.conftest import Run
from tests.cli.world import CHANGE, DAYS, declarations, due, write_probes

WORDS = ("Blue", "Green", "Red", "Teal")


def lines(
    days: int, change: int | None = None, *, probes: int = 6, labels: str = "time"
) -> Iterable[dict[str, object]]:
    """A log of an endpoint that answers with a word, and from day `change` on with a sentence."""
    rng = np.random.default_rng(5)
    for day in range(days):
        for probe in range(probes):
            text = str(rng.choice(WORDS))
            if change is not None and day >= change:
                text = f"I am sorry, but the colour I would choose today is {text.lower()}."
            label = due(day).isoformat() if labels == "time" else f"{day:04d}"
            yield {"round": label, "endpoint": "bot", "probe": f"p{probe}", "prompt": "A colour?", "text": text}


def write_log(path: Path, content: Iterable[dict[str, object]]) -> Path:
    packed = path.suffix == ".gz"
    data = "".join(json.dumps(line) + "\n" for line in content).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


@pytest.mark.slow
def test_replay_finds_a_change(prober: Run, home: Path) -> None:
    log = write_log(home / "log.jsonl.gz", lines(24, 16))
    done = prober("replay", log, "--json")
    assert done.code == 1
    (endpoint,) = done.json["endpoints"]
    (alarm,) = endpoint.pop("alarms")
    assert endpoint == {
        "endpoint": "bot", "rounds": 24, "reference_rounds": 12, "facts": [], "cached": 0,
        "promise": {"false_alarms_per_year": 1.0, "rounds_per_year": 365.25},
    }  # fmt: skip
    assert set(alarm) == {
        "round", "onset", "onset_between", "channels", "kind", "severity", "persistent", "e_value", "moved",
        "share",
    }  # fmt: skip
    assert alarm["onset_between"][0] <= alarm["onset"] <= alarm["onset_between"][1]
    assert set(alarm["moved"][0]) == {
        "channel", "words", "replies", "reference_replies", "direction", "is_clear", "follows",
    }  # fmt: skip
    assert {"channel", "e_value", "effect", "words"} <= set(alarm["channels"][0])
    assert alarm["round"] >= due(16).isoformat()
    assert alarm["kind"] == "behaviour_change"
    said = prober("replay", log)
    assert said.code == 1
    assert "bot: 24 rounds, the first 12 are the reference; 1 alarm\n" in said.out
    assert "  behaviour_change since 2026-03-17 12:00 UTC" in said.out


@pytest.mark.slow
def test_replay_of_a_still_log(prober: Run, home: Path) -> None:
    done = prober("replay", write_log(home / "log.jsonl", lines(14)), "--json")
    assert (done.code, done.json["endpoints"][0]["alarms"]) == (0, [])
    assert "no alarm" in prober("replay", home / "log.jsonl").out


def test_replay_of_too_few_rounds(prober: Run, home: Path) -> None:
    log = write_log(home / "log.jsonl", lines(5))
    done = prober("replay", log)
    assert done.code == 3
    assert (
        "insufficient evidence; the reference of 6 probes needs 72 more of 168 hours and 7 more of 12 rounds"
        in done.out
    )
    assert prober("replay", log, "--json").json["endpoints"][0]["reference_rounds"] == 0


@pytest.mark.slow
def test_replay_takes_the_promise_and_numbered_rounds(prober: Run, home: Path) -> None:
    log = write_log(home / "log.jsonl", lines(14, labels="number"))
    done = prober("replay", log, "--reference", 5, "--false-alarms-per-year", 2, "--rounds-per-year", 1000, "--json")
    (endpoint,) = done.json["endpoints"]
    assert (endpoint["reference_rounds"], done.code) == (5, 0)
    assert endpoint["promise"] == {"false_alarms_per_year": 2.0, "rounds_per_year": 1000.0}
    assert prober("replay", log, "--json").json["endpoints"][0]["reference_rounds"] == 12
    assert prober("replay", log, "--reference", 0).code == 2


@pytest.mark.slow
def test_replay_calls_rounds_as_the_log_does(prober: Run, home: Path) -> None:
    named = [{**line, "round": f"v1.{int(str(line['round']))}"} for line in lines(24, 16, labels="number")]
    log = write_log(home / "log.jsonl", named)
    (alarm,) = prober("replay", log, "--json").json["endpoints"][0]["alarms"]
    assert (alarm["onset"], alarm["round"], alarm["onset_between"]) == ("v1.16", "v1.18", ["v1.16", "v1.16"])
    assert "since v1.16, found in round v1.18" in prober("replay", log).out
    done = prober("replay", write_log(home / "short.jsonl", lines(12, labels="number")))
    assert (done.code, done.out) == (
        3, "bot: 12 rounds, insufficient evidence; the reference is complete, and the next round is the first to be judged\n"
    )  # fmt: skip


@pytest.mark.slow
def test_several_logs_are_one(prober: Run, home: Path) -> None:
    whole = list(lines(24, 16))
    first, second = write_log(home / "1.jsonl", whole[:30]), write_log(home / "2.jsonl.gz", whole[30:])
    together = prober("replay", first, second, "--json").json
    assert together == prober("replay", write_log(home / "log.jsonl", whole), "--json").json


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"round": "1"', "log.jsonl:1: not JSON"),
        (b'\n{"round": "1", "endpoint": "e", "probe": "p"}\n', 'log.jsonl:2: neither "text" nor "error"'),
        (b"\x1f\x8b\x08\x00broken", "log.jsonl:1: cannot be read"),
    ],
)
@pytest.mark.parametrize("verb", ["replay", "import", "compare"])
def test_a_broken_log_is_named_with_its_line(prober: Run, home: Path, verb: str, content: bytes, said: str) -> None:
    log = home / "log.jsonl"
    log.write_bytes(content)
    done = prober(verb, "log.jsonl", *(["log.jsonl"] if verb == "compare" else []))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)
    assert not (home / "prober.db").exists()


@pytest.mark.parametrize("verb", ["replay", "import"])
def test_an_empty_log_is_not_enough(prober: Run, home: Path, verb: str) -> None:
    log = write_log(home / "log.jsonl", [])
    done = prober(verb, log)
    assert done.code == 3
    assert "holds no reply" in done.err
    assert prober(verb, home / "none.jsonl").code == 2


@pytest.mark.slow
def test_compare(prober: Run, home: Path) -> None:
    old = write_log(home / "old.jsonl", lines(1, probes=40))
    new = write_log(home / "new.jsonl", lines(1, 0, probes=40))
    done = prober("compare", old, new, "--json")
    assert done.code == 1
    assert {key: done.json[key] for key in ("verdict", "alpha", "probes", "paired")} == {
        "verdict": "changed", "alpha": 0.01, "probes": 40, "paired": True,
    }  # fmt: skip
    channel = done.json["channels"][0]
    assert set(channel) == {"channel", "p_value", "changed", "effect", "interval", "unit", "words"}
    assert channel["changed"] is True
    said = prober("compare", old, new)
    assert said.out.startswith("changed: 40 probes, 40 replies against 40, paired by probe")
    same = prober("compare", old, old)
    assert same.code == 0
    assert same.out.startswith("same: ")
    assert same.out.count("Not compared: ") == 1, "channels with one reason share a line"


def test_compare_of_too_little(prober: Run, home: Path) -> None:
    log = write_log(home / "log.jsonl", lines(1, probes=1))
    done = prober("compare", log, log, "--json")
    assert (done.code, done.json["verdict"]) == (3, "insufficient_evidence")
    assert done.json["missing"]
    failed = write_log(home / "failed.jsonl", [{"round": "1", "endpoint": "e", "probe": "p", "error": "timeout"}])
    done = prober("compare", failed, failed, "--json")
    assert (done.code, done.json["verdict"], done.json["channels"]) == (3, "insufficient_evidence", [])
    assert prober("compare", failed, failed).code == 3
    assert prober("compare", log, log, "--alpha", 2).code == 2


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_an_export_carries_the_promise_that_is_declared(prober: Run, home: Path) -> None:
    assert prober("export", "--output", "log.jsonl").code == 0
    (endpoint,) = declarations().endpoints
    declared = declarations().promise(endpoint)
    (replayed,) = prober("replay", "log.jsonl", "--json").json["endpoints"]
    assert replayed["promise"] == {
        "false_alarms_per_year": declared.false_alarms_per_year, "rounds_per_year": declared.rounds_per_year,
    }  # fmt: skip
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        (view,) = store.query(overview.endpoints)
        assert Promise.of_json(store.query(promise_of, "swapped")) == declared and view.state == "alarm"
    assert replayed["reference_rounds"] == declared.reference.rounds
    asked = prober("replay", "log.jsonl", "--json", "--false-alarms-per-year", 2, "--rounds-per-year", 700)
    assert asked.json["endpoints"][0]["promise"] == {"false_alarms_per_year": 2.0, "rounds_per_year": 700.0}
    lines_ = [json.loads(line) for line in (home / "log.jsonl").read_text().splitlines()]
    assert [Promise.of_json(line.get("promise")) for line in lines_[:2]] == [declared, None]


@pytest.mark.parametrize("found", [None, 3, {}, {"rounds_per_year": 5}, {"false_alarms_per_year": 0, "rounds_per_year": 1},
                                   {"false_alarms_per_year": "x", "rounds_per_year": 1}])  # fmt: skip
def test_what_another_tool_calls_a_promise_is_none_of_ours(found: object) -> None:
    assert Promise.of_json(found) is None
    assert Promise.of_json({"false_alarms_per_year": 2.0, "rounds_per_year": 700.0}) == Promise(2.0, 700.0)


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("name", ["replies.jsonl", "replies.jsonl.gz"])
def test_an_export_is_judged_again_exactly_as_it_was(prober: Run, home: Path, name: str) -> None:
    done = prober("export", "--output", name)
    assert (done.code, done.out, done.err) == (0, "", f"Wrote {DAYS * 14} replies to {name}.\n")
    (endpoint,) = declarations().endpoints
    rounds = rounds_of(read(home / name))["swapped"]
    again = replay(rounds, declarations().promise(endpoint))
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        stored: dict[str, dict[str, float]] = {}
        for point in store.query(over_time.channel_history, "swapped"):
            stored.setdefault(point.round, {})[point.channel] = point.e_value
        detected = store.query(incidents.recent)[0].detected_round
    until = [one for one in again.judgements if one.round <= detected]
    assert len(until) > CHANGE
    assert until[-1].state == "alarm"
    for judgement in until:
        replayed = {one.channel: one.e_value for one in judgement.verdicts}
        assert replayed == pytest.approx(stored.get(judgement.round, {}), rel=1e-9)


@pytest.mark.usefixtures("changed")
def test_export_says_what_a_probe_expected_and_its_series(prober: Run, home: Path) -> None:
    done = prober("export", "--output", "-", "--endpoint", "swapped")
    assert done.code == 0
    ticket = next(line for line in map(json.loads, done.out.splitlines()) if line["probe"] == "canary/ticket")
    assert ticket["system"] == "Be brief."
    assert ticket["expect"] == [{"type": "is-json"}, {"type": "not-contains", "value": "sorry"}]
    assert "." in ticket["series"]


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_export_refuses_what_it_cannot_write(prober: Run, home: Path) -> None:
    assert prober("export", "--output", "log.csv").err == (
        '--output is "log.csv"; write a name that ends in .jsonl, .jsonl.gz or .parquet, or -\n'
    )
    assert prober("export", "--parquet", "--output", "log.jsonl").err == (
        '--output is "log.jsonl"; write a name that ends in .parquet\n'
    )
    assert prober("export", "--output", "log.jsonl", "--since", "spring").err == (
        '--since: "spring" is not a time; write one such as 2026-03-01T12:00Z\n'
    )
    assert prober("export", "--output", "no/such/folder.jsonl").code == 2
    done = prober("export", "--output", "log.jsonl", "--endpoint", "swaped")
    assert (done.code, done.err) == (2, 'unknown endpoint "swaped"; did you mean "swapped"?\n')
    assert [path.name for path in home.iterdir() if "jsonl" in path.name] == []


def test_export_of_nothing_is_not_enough(prober: Run, home: Path) -> None:
    prober("db", "upgrade")
    done = prober("export", "--output", "log.jsonl")
    assert (done.code, done.err) == (3, "no round is complete yet; `prober once` asks one now\n")
    assert not (home / "log.jsonl").exists()


@pytest.mark.slow
def test_import_judges_as_replay_does_and_stores_nothing_twice(prober: Run, home: Path) -> None:
    log = write_log(home / "log.jsonl", lines(24, 16))
    done = prober("import", log, "--json")
    assert done.code == 1
    (one,) = done.json["endpoints"]
    assert (one["endpoint"], one["rounds"], one["stored"]) == ("bot", 24, 24)
    alarm = prober("replay", log, "--json").json["endpoints"][0]["alarms"][0]
    status = prober("status", "--json")
    (endpoint,) = status.json["endpoints"]
    assert (status.code, endpoint["provider"], endpoint["rounds"]) == (1, "imported", 24)
    incident = endpoint["open_incident"]
    assert incident["detected_round"].startswith(alarm["round"][:19])
    assert incident["onset"].startswith(alarm["onset"][:19])
    assert incident["e_value"] > alarm["e_value"], "what is open goes on being judged"
    assert endpoint["notices"] == {"owed": 0, "failed": 0}
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        replies = store.query(stored_replies.recent, "bot", limit=10_000)
        points = store.query(over_time.channel_history, "bot")
    judged = {one.channel: one.e_value for one in points if one.round == incident["detected_round"]}
    replayed = {one["channel"]: one["e_value"] for one in alarm["channels"]}
    assert {name: judged[name] for name in replayed} == pytest.approx(replayed, rel=1e-9)
    assert (len(replies), replies[0].prompt) == (144, "A colour?")
    again = prober("import", log, "--json")
    assert (again.code, again.json["endpoints"][0]["stored"]) == (0, 0)
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        assert store.query(stored_replies.recent, "bot", limit=10_000) == replies


@pytest.mark.slow
def test_import_goes_on_where_it_was_interrupted(prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_log(home / "log.jsonl", lines(14))
    really, calls = import_module.import_round, []

    def interrupted(*arguments: object) -> bool:
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return really(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(import_module, "import_round", interrupted)
    assert prober("import", log).code == 130
    monkeypatch.undo()
    monkeypatch.chdir(home)
    done = prober("import", log)
    assert (done.code, "10 of 14 rounds stored, 4 stored before" in done.out) == (0, True)
    prober("import", log, "--database", "sqlite:///whole.db")
    histories = []
    for url in ("sqlite:///prober.db", "sqlite:///whole.db"):
        with Store.open(url, read_only=True) as store:
            histories.append(repr(store.query(over_time.channel_history, "bot")))
    assert histories[0] == histories[1]


@pytest.mark.slow
def test_a_longer_log_adds_its_new_rounds_and_an_older_one_is_refused(prober: Run, home: Path) -> None:
    whole = list(lines(10))
    prober("import", write_log(home / "middle.jsonl", whole[12:48]))
    done = prober("import", write_log(home / "late.jsonl", whole[30:]))
    assert "2 of 5 rounds stored, 3 stored before" in done.out
    done = prober("import", write_log(home / "early.jsonl", whole[:12]))
    assert done.code == 2
    assert "is older than its newest round" in done.err
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        assert store.query(overview.endpoints)[0].rounds == 8
        assert len(store.query(overview.recent_rounds, "bot")) == 8


@pytest.mark.slow
def test_rounds_without_times_are_refused_and_times_of_replies_will_do(prober: Run, home: Path) -> None:
    numbered = list(lines(3, labels="number"))
    done = prober("import", write_log(home / "log.jsonl", numbered))
    assert done.code == 2
    assert 'round "0000" of "bot" has no time' in done.err
    assert not (home / "prober.db").exists()
    timed = [{**line, "at": due(int(str(line["round"]))).isoformat()} for line in numbered]
    done = prober("import", write_log(home / "timed.jsonl", timed), "--json")
    assert (done.code, done.json["endpoints"][0]["stored"]) == (3, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_an_endpoint_that_is_watched_is_not_imported_over(prober: Run, home: Path) -> None:
    prober("export", "--output", "log.jsonl.gz")
    done = prober("import", "log.jsonl.gz")
    assert done.code == 2
    assert 'this database already watches "swapped"' in done.err
    elsewhere = prober("import", "log.jsonl.gz", "--database", "sqlite:///imported.db")
    assert "15 of 15 rounds stored, 0 stored before" in elsewhere.out


@pytest.mark.slow
def test_hostile_replies_are_imported_and_exported_unharmed(prober: Run, home: Path) -> None:
    nasty = "\x00 <!channel> \ud800 \u2028 \x1b[2J" + "x" * 100_000
    log = write_log(home / "log.jsonl", [{**line, "text": nasty} for line in lines(2, probes=1)])
    assert prober("import", log).code == 3
    prober("export", "--output", "out.jsonl")
    assert [one.reply.text for one in read(home / "out.jsonl")] == [nasty, nasty]


@pytest.mark.parametrize("key", ["endpoint", "probe", "series", "prompt", "system"])
def test_names_and_prompts_with_half_a_character_are_imported(prober: Run, home: Path, key: str) -> None:
    log = write_log(home / "log.jsonl", [{**line, key: "cut \ud83d\x00"} for line in lines(2, probes=1)])
    assert prober("import", log).code == 3
    prober("export", "--output", "out.jsonl")
    (cut,) = {getattr(one, key) for one in read(home / "out.jsonl")}
    assert cut == "cut \ufffd\ufffd"


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_an_archive_in_parquet_is_the_log_and_duckdb_reads_it(prober: Run, home: Path) -> None:
    import duckdb

    prober("export", "--output", "log.jsonl")
    done = prober("export", "--parquet", "--output", "archive.parquet")
    logged = list(read(home / "log.jsonl"))
    assert (done.code, done.err) == (0, f"Wrote {len(logged)} replies to archive.parquet.\n")
    assert (home / "archive.parquet").stat().st_mode & 0o77 == 0
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        found = db.execute(
            """SELECT strftime(round, '%Y-%m-%d'), endpoint, probe, text, input_tokens, epoch_us("at")
            FROM 'archive.parquet' ORDER BY round, endpoint, file_row_number"""
        )
        assert found.fetchall() == [
            (one.round[:10], one.endpoint, one.probe, one.reply.text, one.reply.input_tokens,
             (one.reply.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
            for one in logged
        ]  # fmt: skip
        types = dict(db.execute("SELECT column_name, column_type FROM (DESCRIBE FROM 'archive.parquet')").fetchall())
    assert {types[key] for key in ("round", "at")} == {"TIMESTAMP WITH TIME ZONE"}
    assert (types["output_tokens"], types["latency_s"], types["headers"]) == (
        "BIGINT", "DOUBLE", "MAP(VARCHAR, VARCHAR)",
    )  # fmt: skip

    first, last = due(1).isoformat(), due(2).isoformat()
    prober("export", "-o", "day.parquet", "--since", first, "--until", last)
    with duckdb.connect() as db:
        rounds = db.execute("SELECT DISTINCT strftime(round, '%Y-%m-%d') FROM 'day.parquet'").fetchall()
    assert rounds == [(first[:10],)]


@pytest.mark.slow
def test_hostile_replies_go_into_an_archive(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow.parquet import ParquetFile

    monkeypatch.setattr(parquet, "ROWS", 2)
    nasty = "\x00 <!channel> \ud800 \u2028"
    (line,) = read(write_log(home / "log.jsonl", lines(1, probes=1)))
    reply = replace(
        line.reply, text=nasty, tool_calls=(ToolCall(nasty, nasty),), headers={"x": nasty}, model=nasty,
        input_tokens=2**70, top_logprobs=((nasty, -0.5),),
    )  # fmt: skip
    assert parquet.write_parquet(home / "archive.parquet", [replace(line, reply=reply)] * 5) == 5
    file = ParquetFile(home / "archive.parquet")
    assert file.num_row_groups == 3
    row = file.read().to_pylist()[4]
    said = nasty.replace("\ud800", "?")
    assert (row["text"], row["model"], row["input_tokens"]) == (said, said, None)
    assert (row["headers"], row["tool_calls"]) == ([("x", said)], [{"name": said, "arguments": said}])


def test_parquet_without_its_library_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"run pip install 'canary-prober\[parquet\]'"):
        parquet.write_parquet(home / "archive.parquet", [])
    assert list(home.iterdir()) == []


def test_no_file_can_declare_an_imported_endpoint(prober: Run, home: Path) -> None:
    from tests.cli.world import write_probes

    write_probes(home, provider="imported")
    done = prober("validate")
    assert done.code == 2
    assert '"imported"' in done.err


def test_keys_of_ours_in_another_tools_form_are_kept_not_refused(home: Path) -> None:
    (line,) = lines(1, probes=1)
    foreign = write_log(home / "foreign.jsonl", [{**line, "series": 7, "tool_calls": [{"name": "f"}]}])
    (logged,) = read(foreign)
    assert (logged.series, logged.reply.tool_calls) == ("", ())
    assert logged.extra == {"series": 7, "tool_calls": [{"name": "f"}]}
    ours = write_log(home / "ours.jsonl", [{**line, "series": "a.b", "tool_calls": [["f", "{}"]]}])
    (logged,) = read(ours)
    assert (logged.series, logged.reply.tool_calls, logged.extra) == ("a.b", (ToolCall("f", "{}"),), {})
    assert json.loads(line_of(logged))["tool_calls"] == [["f", "{}"]]


@pytest.mark.slow
def test_earlier_replies_count_as_the_reference_of_what_is_declared(prober: Run, home: Path) -> None:
    write_probes(home, reference={"rounds": 4, "hours": 24})
    (probe,) = json.loads((home / "probes" / "canary.yaml").read_text())["probes"]
    lines = [
        {
            "round": f"2026-03-0{day}T12:00:00Z",
            "endpoint": "bot",
            "probe": name,
            "text": text,
            "prompt": probe["prompt"],
        }
        for day in range(1, 7)
        for name, text in ((probe["id"], "Red"), ("another", "Blue"))
    ]
    log = home / "earlier.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = prober("import", log, "--into", "probes", "--json")
    (endpoint,) = done.json["endpoints"]
    assert (done.code, endpoint["endpoint"], endpoint["stored"]) == (0, "bot", 6)
    assert "6 lines of the log left out" in done.err
    (status,) = prober("status", "--json").json["endpoints"]
    assert (status["provider"], status["rounds"], status["missing"]) == ("scripted", 6, "")
    assert prober("import", log, "--into", "probes", "--json").json["endpoints"][0]["stored"] == 0
    assert prober("once", "--json").json["rounds"][0]["judgement"]["state"] != "insufficient_evidence"
