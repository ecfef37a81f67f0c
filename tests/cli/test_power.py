"""power, and what plan says of dollars and of the reference."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.cli.costs import Cost, cost
from prober.cli.plan import planned_of
from prober.incidents.routing import NOBODY
from prober.loading.declarations import load
from prober.prices import Tariff, Unpriced, dollars
from prober.service import run_round
from prober.store import Store
from tests.cli.conftest import Answer, Run
from tests.cli.world import declarations, due, write_probes

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PRICE = {"input_per_million": 2.0, "output_per_million": 8.0}
TARIFF = Tariff(2.0, 8.0, 0.0, "declared")


@pytest.fixture
def watched_plan(changed: Path) -> Path:
    """`probes/` that declare just what the database `changed` was asked."""
    declared = declarations()
    folder = changed.parent / "probes"
    folder.mkdir()
    endpoints = {one.name: one.model_dump(mode="json", exclude_defaults=True) for one in declared.endpoints}
    for one in endpoints.values():
        del one["name"]
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    (probe_set,) = declared.sets
    (folder / "canary.yaml").write_text(json.dumps(probe_set.model_dump(mode="json", exclude_defaults=True)))
    return folder


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days are enough to see that everything is said."""
    monkeypatch.setattr("prober.cli.power.SPANS", {"a day": 1.0, "two days": 2.0})


# -- dollars -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "$0"),
        (0.000123, "$0.00012"),
        (0.05, "$0.05"),
        (0.1, "$0.10"),
        (1234.5, "$1,234.50"),
        (3e-9, "$0.000000003"),
        (2e-12, "$0.000000000002"),
    ],
)
def test_dollars_keep_the_digits_that_matter(amount: float, said: str) -> None:
    assert dollars(amount) == said


def test_what_is_not_known_is_never_nothing() -> None:
    for found in (
        cost(Unpriced("nobody lists it"), 10, 100, 100, False),
        cost(TARIFF, 10, 100, None, False),
    ):
        assert found.dollars_per_day is None
        assert found.words.startswith("unknown: ")
        assert (found.json["dollars_per_day"], found.json["dollars_per_month"]) == (None, None)


def test_output_that_costs_nothing_need_not_be_known() -> None:
    assert cost(Tariff(1.0, 0.0, 0.0, "declared"), 10, 1e6, None, False) == Cost(1.0, False, "declared")


def test_a_bound_is_said_to_be_one() -> None:
    assert cost(TARIFF, 10, 1e6, 1e6, True).words == "at most $10.00 a day, $304.38 a month (declared)"
    assert cost(TARIFF, 10, 1e6, 1e6, False).words.startswith("about $10.00 a day")


# -- plan --------------------------------------------------------------------------------------------------------------


def test_plan_counts_dollars_by_limit_until_replies_are_there(prober: Run, home: Path) -> None:
    write_probes(home, "http://127.0.0.1:9/v1", parameters={"max_tokens": 50}, price=PRICE)
    (found,) = prober("plan", "--json").json["endpoints"]
    # Two asks a day, 4 tokens in by estimate and at most 50 out.
    assert found["cost"]["dollars_per_day"] == pytest.approx((2 * 4 * 2 + 2 * 50 * 8) / 1e6)
    assert found["cost"]["dollars_per_month"] == pytest.approx(found["cost"]["dollars_per_day"] * 365.25 / 12)
    assert (found["cost"]["is_bound"], found["cost"]["why"], found["reference"]) == (True, "declared", None)
    said = prober("plan").out
    assert "Cost: at most $0.00082 a day" in said
    assert "Reference: " not in said


@pytest.mark.slow
def test_plan_counts_dollars_by_what_replies_took(prober: Run, home: Path, server: Answer) -> None:
    write_probes(home, server.url, parameters={"max_tokens": 50}, price=PRICE)
    assert prober("once").code == 3
    (found,) = prober("plan", "--json").json["endpoints"]
    (probe_set,) = found["probe_sets"]
    assert (probe_set["input_tokens_per_day"], probe_set["input_tokens_from"]) == (10.0, "replies")
    assert (probe_set["output_tokens_per_day"], probe_set["output_tokens_from"]) == (2.0, "replies")
    assert found["cost"]["dollars_per_day"] == pytest.approx((10 * 2 + 2 * 8) / 1e6)
    assert found["cost"]["is_bound"] is False
    assert (found["reference"]["probes"], found["reference"]["complete"]) == (1, 0)
    assert "168 hours and 11 more of 12 rounds" in found["reference"]["missing"]
    assert (
        "Reference: complete for 0 of 1 probe; the reference of 1 probe needs 168 hours and 11 more of 12 rounds"
        in prober("plan").out
    )


def test_plan_says_what_it_does_not_know(prober: Run, home: Path) -> None:
    write_probes(home, "http://127.0.0.1:9/v1")
    said = prober("plan").out
    assert "Cost: unknown: genai-prices" in said
    assert "has no price of m at http://127.0.0.1:9/v1; declare price: of the endpoint" in said
    write_probes(home, "http://127.0.0.1:9/v1", price=PRICE)
    assert "Cost: unknown: nothing says how long answers are; declare max_tokens" in prober("plan").out


@pytest.mark.slow
def test_plan_says_that_all_are_judged(prober: Run, watched_plan: Path) -> None:
    (found,) = prober("plan", "--json").json["endpoints"]
    assert found["reference"] == {"probes": 4, "complete": 4, "missing": ""}
    assert "Reference: complete for 4 of 4 probes; all are judged" in prober("plan").out


def test_plan_with_a_database_that_cannot_be_read_says_so(prober: Run, home: Path) -> None:
    write_probes(home)
    (home / "other.db").write_text("no database, but a text that is long enough to be looked at" * 20)
    done = prober("plan", "--database", "sqlite:///other.db")
    assert (done.code, done.out) == (2, "")
    assert "other.db" in done.err


def test_a_probe_without_replies_falls_back_and_says_so(home: Path) -> None:
    folder = write_probes(home, "http://127.0.0.1:9/v1", parameters={"max_tokens": 50}, price=PRICE)
    declared = load(folder)
    (endpoint,) = declared.endpoints
    with Store.open("sqlite:///prober.db") as store:
        found = planned_of(declared, endpoint, store, NOW)
    assert (found.sets[0].input_tokens_from, found.sets[0].output_tokens_from) == ("prompts", "limit")
    assert found.standing is not None
    assert found.standing.missing == "the first round"


# -- power -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("watched_plan", "briefly")
@pytest.mark.slow
def test_power_says_what_would_be_caught_and_what_probes_tell(prober: Run) -> None:
    done = prober("power", "--replications", 5, "--json")
    assert done.code == 0
    (found,) = done.json["endpoints"]
    assert (done.json["replications"], done.json["seed"], done.json["power"]) == (5, 0, 0.8)
    assert (found["endpoint"], found["reference_rounds"], found["missing"]) == ("swapped", 8, "")
    assert found["cost"]["dollars_per_day"] == 0
    assert [(one["change"], one["days"]) for one in found["changes"]] == [
        (name, days) for name in ("elsewhere", "shifted", "longer", "refusing", "failing") for days in (1.0, 2.0)
    ]
    for one in found["changes"]:
        tried = [each for each in (one["smallest"], one["largest_tried"]) if each]
        assert len(tried) == (1 if one["channels"] else 0)
        for each in tried:
            low, high = each["interval"]
            assert 0 <= low <= each["caught"] / each["futures"] <= high <= 1
            assert (each["caught"] >= 4) is (one["smallest"] is not None)
    probes = {one["probe"]: one for one in found["probes"]}
    assert set(probes) == {"canary/colour", "canary/animal", "canary/city", "canary/ticket"}
    assert probes["canary/ticket"]["checked"] is True


@pytest.mark.usefixtures("watched_plan", "briefly")
@pytest.mark.slow
def test_power_in_words(prober: Run) -> None:
    done = prober("power", "swapped", "--replications", 5, "--seed", 7)
    assert done.code == 0
    assert "caught within a day" in done.out
    assert "80 % of 5 simulated futures (seed 7)" in done.out
    assert "without a change, an alarm in at most 2 % of weeks" in done.out
    assert "canary/ticket" in done.out
    assert "Cost: about $0 a day" in done.out


def test_power_without_a_database_says_what_to_do(prober: Run, home: Path) -> None:
    write_probes(home)
    done = prober("power")
    assert (done.code, done.err) == (3, "")
    assert "nothing is stored yet; `prober run` gathers a reference" in done.out
    assert not (home / "prober.db").exists()


def test_power_names_the_budgets_that_do_not_hold_the_plan(prober: Run, home: Path) -> None:
    folder = write_probes(home, "http://127.0.0.1:9/v1", parameters={"max_tokens": 50}, price=PRICE)
    endpoints = json.loads((folder / "endpoints.yaml").read_text())
    endpoints["endpoints"]["bot"]["budget"] = {"asks_per_month": 4, "asks_per_day": 1_000}
    (folder / "endpoints.yaml").write_text(json.dumps(endpoints))
    (passed,) = prober("power", "--json").json["budgets_passed"]
    assert (passed["scope"], passed["limit"], passed["most"], passed["fits"]) == ("bot", "asks_per_month", 4, False)
    for verb in ("power", "plan"):
        first, second, *rest = prober(verb).out.splitlines()
        assert first.startswith("Budgets that do not hold this plan"), "the gravest first"
        assert second.startswith("  bot: 4 asks in 30 days; the plan takes more")
        assert not any("4 asks in 30 days" in line for line in rest), "said once"
    assert "Other budgets:" in rest


def test_power_takes_a_folder_as_other_verbs_do(prober: Run, home: Path) -> None:
    folder = write_probes(home)
    folder.rename(home / "elsewhere")
    for arguments in (["elsewhere"], ["elsewhere", "elsewhere/endpoints.yaml"], ["bot", "elsewhere"]):
        done = prober("power", *arguments)
        assert (done.code, done.err) == (3, ""), "no reference yet"
        assert done.out.startswith("bot: ")
    assert "unknown endpoint" in prober("power", "nowhere", "elsewhere").err


@pytest.mark.slow
def test_power_before_the_reference_says_what_is_missing(prober: Run, home: Path) -> None:
    folder = write_probes(home)
    prober("once", folder)
    done = prober("power", "--json")
    assert done.code == 3
    (found,) = done.json["endpoints"]
    assert "no reference yet; the reference of 1 probe needs 168 hours and 11 more of 12 rounds" in found["missing"]
    assert (found["reference_rounds"], found["changes"], found["probes"]) == (0, [], [])


@pytest.mark.usefixtures("briefly")
@pytest.mark.slow
def test_power_of_an_edited_probe_goes_by_the_others(prober: Run, watched_plan: Path) -> None:
    path = watched_plan / "canary.yaml"
    content = json.loads(path.read_text())
    content["probes"][0]["prompt"] += " Please."
    path.write_text(json.dumps(content))
    (found,) = prober("power", "--replications", 5, "--json").json["endpoints"]
    assert len(found["probes"]) == 3
    assert found["missing"] != ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bto"], 'unknown endpoint "bto"; did you mean "bot"?'),
        (["idle"], "no probe set asks idle"),
        (["--replications", "1"], "--replications"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_power_refuses_what_makes_no_sense(prober: Run, home: Path, arguments: list[str], said: str) -> None:
    folder = write_probes(home)
    endpoints = json.loads((folder / "endpoints.yaml").read_text())
    endpoints["endpoints"]["idle"] = {**endpoints["endpoints"]["bot"], "model": "other"}
    (folder / "endpoints.yaml").write_text(json.dumps(endpoints))
    done = prober("power", *arguments)
    assert done.code == 2
    assert said in done.err


@pytest.mark.slow
def test_power_reads_the_reference_of_the_epoch_it_is_judged_by(home: Path) -> None:
    from prober.cli.costs import memory_of, reference_of

    declared = declarations()
    (probe_set,), (endpoint,) = declared.sets, declared.endpoints
    with Store.open("sqlite:///prober.db") as store, closing(open_provider(endpoint)) as provider:
        for day in range(9):
            run_round.run(probe_set, endpoint, declared.promise(endpoint), provider, store, NOBODY, due(day),
                     clock=lambda day=day: due(day))  # fmt: skip
        memory = memory_of(store, endpoint)
        rounds = reference_of(store, endpoint, memory)
        edited = endpoint.model_copy(update={"parameters": {"world": "still"}})
        assert reference_of(store, edited, memory_of(store, edited)) == []
    assert [one.label for one in rounds] == list(memory.reference_rounds)
    assert len(rounds) == 8
    assert all(len(one.observations) == 14 for one in rounds)
