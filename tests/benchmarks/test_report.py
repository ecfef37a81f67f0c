"""Every part runs, is stored, is read back as it was, and is on the page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks import (
    asking,
    auc,
    cost,
    delay,
    first,
    killed,
    mixture,
    numbers,
    pages,
    quiet,
    samples,
    scale,
    simulated,
    soon,
    starters,
    year,
)  # fmt: skip
from benchmarks.changed import ChangeResult
from benchmarks.design import Design
from benchmarks.intervals import Estimate
from benchmarks.part import Effort
from benchmarks.still import StillResult
from prober.judging.statistic import edetector

pytestmark = pytest.mark.slow  # what measures the prober is not the prober

QUICK = Effort(quick=True, workers=1, years=1)
ROW = delay.Row("q8_0", "8 × 3", "ours", 10.0, 24, 2000, 0.004, (20, 120), 120, 1)


def areas(**of: float) -> auc.Row:
    table = {method: Estimate(of.get(method, 0.5), 0.4, 0.6) for method in auc.METHODS}
    better = tuple(sorted(method for method in of if of[method] > table["ours"].value and method != "ours"))
    return auc.Row("q8_0", 2.4, table, better)


RESULTS = {
    "asking": asking.Asking(500, 5, asking.Speed(600.0, 0.9), asking.Speed(400.0, 2.0), 0.66, 2.2, None),
    "killed": killed.Killed(
        minutes=10.0,
        kills=60,
        outage_s=60.0,
        due=120,
        lost=2,
        undaemoned=4,
        twice=1,
        states={"judged": 115, "missed: overdue": 9},
        asks=402,
        replies=400,
        stored_twice=0,
        incidents=2,
        notices=3,
        undelivered=1,
        resent=1,
        of_the_database={"database_lost": 2, "database_back": 1},
    ),
    "auc": auc.Areas(40, (areas(ours=0.6, scan=0.9),)),
    "delay": delay.Delays((ROW, replace(ROW, method="scan")), {"scan": 0.7}, 336, 0, 6.0),
    "mixture": mixture.Mixtures((mixture.Row("template", 0.16, 5.0, "ours", (3, None, 5)),)),
    "samples": samples.Power((samples.Row("nothing", 20, 1, 0, {}), samples.Row("q4_0", 20, 5, 9, {"text": 5}))),
    "starters": starters.Found(
        4,
        (starters.Moved("choice", {"q4_0": ["logprobs"], "again": []}),),
        (starters.Moved("choice/coin", {"q4_0": ["logprobs"], "again": []}, 0.5, ("system-prompt",)),),
    ),
    "first": first.First((first.Row("choice", 6.0, 1, 200, (0, 3, 4, 5, 6), 10),)),
    "quiet": quiet.Quiet((StillResult("mixed", 1.14, 0, 0, 10), StillResult("sticky", 1.14, 2, 1, 10))),
    "still": simulated.Still((StillResult("clustered", 200, 20, 18, 200), StillResult("heavy", 1, 4, 1, 1))),
    "changed": simulated.Changed((ChangeResult(1.0, 10, 0, (1, 2, 3)), ChangeResult(0.05, 10, 1, ()))),
    "soon": soon.Soon(
        (soon.DelayRow("full swap", 6.0, (2.5, None, 3.7), (720.0, None, 900.0), 0),),
        (soon.StillRow("independent replies", 6.0, 10.0, 3, 20, 1, 0.06),),
    ),
    "cost": cost.Cost(30, 100, 10_000, 6.0, 6.3, (cost.Speed(30, 5200.0),)),
    "pages": pages.Pages(
        10_000,
        1_000_000,
        (
            pages.Timed("SQLite", "overview", 10.0, 15.0),
            pages.Timed("SQLite", "cost", 40.0, 20.0),
            pages.Timed("Postgres", "cost", 4.0, 8.0),
        ),
    ),
    "year": year.Year(
        days=365,
        endpoints=20,
        minutes=90.0,
        rounds=170_000,
        missed={"misfire": 60},
        asks=690_000,
        samples=(year.Sample(15, 250.0, 90.0, 7000, 28_000, 1), year.Sample(365, 260.0, 300.0, 170_000, 57_000, 1)),
        changes=8,
        hours_to_find=(3.0, 12.0),
        false_alarms=4,
        promised=20.0,
        is_broken=False,
        incidents={"provider_error": 40},
        told_wrongly=0,
        sent_twice=0,
        owed=0,
        notices=120,
        limit=60,
        most_booked=60,
        kills=12,
        processes=1,
        unfinished=0,
    ),
    "scale": scale.Scale(
        (scale.Fleet(10_000, 9.0, 2.0, 40.0, 6.0, 50.0, 90.0, 4900.0, 6600.0, 9.0, 4.0, 9.0),),
        400,
        (130.0, 141.0, 210.0),
        3,
        (scale.Started("status", 1.3),),
    ),
}


@pytest.fixture
def digests(monkeypatch):
    """In place of what the statistic says of small worlds, which takes seconds."""
    monkeypatch.setattr(numbers, "digest", lambda measure: measure.__name__)


@pytest.fixture
def measured(tmp_path, digests):
    """A folder in which every part was kept, as if measured."""
    for part in command.PARTS:
        replace(part, measure=lambda effort, name=part.name: RESULTS[name]).run(Effort(), tmp_path)
    return tmp_path


def test_results_come_back_as_they_were(measured) -> None:
    assert {part.name for part in command.PARTS} == set(RESULTS)
    for part in command.PARTS:
        kept = part.kept(measured)
        assert kept is not None and kept.result == RESULTS[part.name] and not kept.quick


def test_the_page_begins_with_what_was_found(measured) -> None:
    text = "\n".join(command.page(measured))
    short = text.split("## In short")[1].split("##")[0]
    for told in (
        "text alone: 0.600; best peer (scan) 0.900; a peer is better beyond chance on 1",
        "0.14 on average",
        "template 2 of 3, median 5 rounds",
        "25% of the changes called, MET 45%; of nothing: 1 of 20",
        "2 false alarms in 2.3 endpoint-years",
        "3 of 10 full swaps are called within three rounds; with starter sets 0 of 0. False breaks: 1 of 200",
        "**more beyond chance** on 1 (heavy; the worst heavy, 4.00 a year, 1.09–10.24), no more beyond chance on",
        "caught in 30%, half of them by round 2",
        "1.05 times",
        "SQLite: with 1,000,000 replies a page costs the store at most 1.50 times what it costs with 10,000 (overview); "
        "20 ms, where it is most (cost)",
        "of 120 due times 2 had no round and 1 had two, and of 3 notices 1 never arrived and 1 arrived twice",
        "Postgres: with 1,000,000 replies a page costs the store at most 2.00 times",
    ):
        assert told in short
    for part in command.PARTS:
        assert f"## {part.title}" in text


def test_what_is_lost_is_said(measured) -> None:
    text = "\n".join(command.page(measured))
    assert "- q8_0: scan 0.90, ours 0.60" in text and "**0.90 (0.40–0.60)**" in text
    assert "MET called these more often than ours: q4_0, texts (9 to 5)" in text
    won = auc.lines(auc.Areas(40, (areas(ours=0.9),)))
    assert won[-1].startswith("On no rung")


def test_a_missed_change_makes_bounds(measured) -> None:
    [line] = [line for line in delay.lines(RESULTS["delay"]) if line.startswith("| q8_0 | 8 × 3 | ours")]
    assert "| ≥ 70.0 (1.0–" in line and "| ≤ 0.14 |" in line and "| 1,680 | 140,000 | 0.280 | 1 of 2 |" in line


def test_a_part_that_was_not_measured_says_how(tmp_path) -> None:
    text = "\n".join(command.page(tmp_path))
    assert text.count("Not measured yet") == len(command.PARTS) and "`python -m benchmarks auc`" in text


def test_a_quick_run_says_that_it_means_nothing(tmp_path, monkeypatch, digests) -> None:
    out = tmp_path / "page.md"
    monkeypatch.setattr(command, "PARTS", [replace(cost.PART, measure=lambda effort: RESULTS["cost"])])
    command.main(["cost", "--quick", "--workers", "1", "--results", str(tmp_path), "--output", str(out)])
    assert "these numbers mean nothing" in out.read_text("utf-8")
    before = (tmp_path / "cost.json").read_text("utf-8")
    command.main(["--page", "--results", str(tmp_path), "--output", str(out)])
    assert (tmp_path / "cost.json").read_text("utf-8") == before


def test_an_unknown_part_is_an_error_that_names_the_known(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["speed"])
    assert stopped.value.code == 2
    assert "no such part: speed; there are auc, delay" in capsys.readouterr().err


def test_scores_of_a_great_change_are_above_those_of_none(monkeypatch) -> None:
    monkeypatch.setattr(auc, "EIGHT", Design(4, 3))
    monkeypatch.setattr(auc, "CANDIDATE", 4)
    found = auc.scores(0, [("template", 1.0)])
    assert set(found) == {"base", "template"} and set(found["base"]) == set(auc.METHODS)
    for method in auc.METHODS:
        assert found["template"][method] > found["base"][method], method


def test_one_comparison_calls_a_leading_space_by_the_format_alone() -> None:
    said = samples.once(0, "texts", samples.SPACE, 1.0)
    assert said.ours and said.met and said.channels == ("format",)


def test_a_days_rounds_are_computed_in_one_way_where_that_is_sticky() -> None:
    def ways(kind: str) -> list[int]:
        by_day: list[set[object]] = [set(), set()]
        for number, round_ in enumerate(quiet.rounds(0, kind, 48)):  # type: ignore[arg-type]
            day = by_day[number // 24]
            day |= {o.reply.top_logprobs for o in round_.observations if o.probe.endswith("true-or-false")}
        return [len(day) for day in by_day]

    assert ways("sticky") == [1, 1]
    assert ways("mixed") == [3, 3]


def test_progress_is_shown_and_order_kept(capsys) -> None:
    assert QUICK.each("squares", abs, [-3, 2, -1]) == [3, 2, 1]
    assert "squares: 3 of 3" in capsys.readouterr().err
    assert (QUICK.times(40), Effort().times(40)) == (2, 40)


@pytest.mark.parametrize(
    "part", [part for part in command.PARTS if part is not killed.PART], ids=lambda part: part.name
)
def test_every_part_runs(part, tmp_path, digests) -> None:
    """But the one that takes minutes by the clock, whatever the effort."""
    part.run(QUICK, tmp_path)
    kept = part.kept(tmp_path)
    assert kept is not None and kept.quick
    assert part.lines(kept.result) and all(part.headlines(kept.result))


def test_numbers_of_an_earlier_statistic_are_not_taken_for_its_own(measured) -> None:
    assert "before the statistic last changed" not in "\n".join(command.page(measured))
    for name in ("delay", "pages"):
        path = measured / f"{name}.json"
        kept = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**kept, "statistic": "another"}), "utf-8")
    text = "\n".join(command.page(measured))
    assert text.count("(before the statistic last changed)") == 1, "only what the statistic makes goes out of date"
    assert "`python -m benchmarks delay` measures it again" in text


def test_the_page_says_of_every_number_whether_the_statistic_still_gives_it() -> None:
    """After a change of the statistic, write the page again, with `python -m benchmarks --page`, if nothing is measured."""
    kept = {part.name: part.kept() for part in command.PARTS}
    assert [name for name, of in kept.items() if of is None or of.quick] == []

    def numbers_of(text: str) -> str:
        return text.split("## How long it took", maxsplit=1)[0]  # the rest names the versions that are installed

    assert numbers_of(command.REPORT.read_text("utf-8")) == numbers_of("\n".join(command.page()))


def test_another_statistic_gives_other_numbers(monkeypatch) -> None:
    before = numbers.digest(numbers.running)
    numbers.digest.cache_clear()
    monkeypatch.setattr(edetector, "DOUBT", 12.0)
    assert numbers.digest(numbers.running) != before
    numbers.digest.cache_clear()
