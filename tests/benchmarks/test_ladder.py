"""The ladder: what was recorded, how rounds are drawn from it, how much information they carry, and how it is recorded."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import chdtrc

from benchmarks import ladder
from benchmarks.ladder import BASE, BORDER, RICH, RUNGS, TEXT, Distribution, Ending, Recording, recorder, recording
from benchmarks.ladder.probes import BORDER_MASS, EACH, RICH_MASS, candidates, choose, first_token
from benchmarks.ladder.recorder import ROUNDS, ROUNDS_ELSE, First
from benchmarks.ladder.recording import REST
from benchmarks.ladder.rungs import ALL, NUMERICS, Rung
from prober.judging.promise import Promise
from prober.lab.replay import reference_of, replay

pytestmark = pytest.mark.slow  # what measures the prober is not the prober

EVERY = (BASE, *RUNGS)
EIGHT = BORDER[:8]


def listed(distribution):
    """Token → probability."""
    return dict(zip(distribution.tokens, distribution.p, strict=True))


def variation(one, other):
    """Total variation of two distributions, on the tokens they share and the rest."""
    p, q = listed(one), listed(other)
    common = set(p) & set(q) - {REST}
    inside = sum(abs(p[token] - q[token]) for token in common)
    return (inside + abs(sum(p[t] for t in common) - sum(q[t] for t in common))) / 2


# What was recorded


def test_the_rungs_are_the_changes_a_provider_might_make():
    assert len(RUNGS) >= 13
    assert BASE not in RUNGS
    assert len(set(EVERY)) == len(EVERY)
    assert {rung.name for rung in ALL.values()} == set(EVERY)


@pytest.mark.parametrize("rung", EVERY)
def test_every_probe_has_a_distribution_for_every_way_of_computing_it(rung):
    loaded = ladder.load(rung)
    assert loaded.rung == rung
    assert loaded.share == 1
    assert len(loaded.weights) == len(ALL[rung].numerics)
    assert sum(loaded.weights) == pytest.approx(1)
    assert set(loaded.first) == set(loaded.reported) == set(BORDER + RICH)
    for probe, ways in loaded.first.items():
        assert len(ways) == len(loaded.reported[probe]) == len(loaded.weights)
        for way in ways:
            assert way.tokens[-1] == REST
            assert len(set(way.tokens)) == len(way.tokens) == len(way.p)
            assert way.p.sum() == pytest.approx(1, abs=1e-12)
            assert (way.p[:-1] > 0).all()
            assert way.p[-1] < 0.15
            with pytest.raises(ValueError, match="read-only"):
                way.p[0] = 0.5


@pytest.mark.parametrize("rung", EVERY)
def test_the_interface_reports_the_twenty_likeliest_before_any_temperature(rung):
    loaded, power = ladder.load(rung), ALL[rung].temperature
    for probe, ways in loaded.first.items():
        for way, top in zip(ways, loaded.reported[probe], strict=True):
            assert len(top) == 20
            assert all(better[1] >= worse[1] for better, worse in pairwise(top))
            p = listed(way)
            (first, best), (second, next_best) = top[:2]
            # Scaling cancels in the ratio of two tokens, so this holds for every temperature.
            assert math.log(p[first] / p[second]) == pytest.approx((best - next_best) / power, abs=1e-4)
            if power == 1:
                assert [math.log(p[token]) for token, _ in top] == pytest.approx([x for _, x in top], abs=2e-3)


@pytest.mark.parametrize("rung", EVERY)
def test_every_text_probe_was_answered_in_every_round(rung):
    loaded = ladder.load(rung)
    assert len(loaded.texts) == len(loaded.endings) == ROUNDS.get(rung, ROUNDS_ELSE)
    for texts, endings in zip(loaded.texts, loaded.endings, strict=True):
        assert set(texts) == set(endings) == set(TEXT)
        for ending in endings.values():
            assert ending.finish_reason in {"stop", "length"}
            assert 0 < ending.output_tokens <= recorder.TEXT_TOKENS
            assert ending.finish_reason == "stop" or ending.output_tokens == recorder.TEXT_TOKENS
    assert set(loaded.greedy) == set(TEXT)
    assert all(len(replies) == len(loaded.weights) for replies in loaded.greedy.values())


def test_sampled_texts_vary_and_no_rung_repeats_the_dice_of_another():
    sky = {rung: [texts["text/sky"] for texts in ladder.load(rung).texts] for rung in EVERY}
    assert all(len(set(replies)) > 0.9 * len(replies) for replies in sky.values())
    assert sum(a == b for a, b in zip(sky[BASE], sky["q8_0"], strict=False)) <= 2


def test_the_numerics_differ_in_their_low_bits_and_not_by_more_than_a_change():
    base, coarse = ladder.load(BASE), ladder.load("q4_0")
    between, beyond = [], []
    for probe in BORDER + RICH:
        flash, plain, by_token = base.first[probe]
        between += [variation(flash, plain), variation(plain, by_token)]
        beyond.append(variation(flash, coarse.first[probe][0]))
    assert min(between) > 1e-5
    assert np.median(between) < np.median(beyond) / 2


def test_a_hidden_prompt_and_another_template_show_in_the_token_counts_and_nothing_else_does():
    base = ladder.load(BASE).input_tokens
    moved = {rung for rung in RUNGS if ladder.load(rung).input_tokens != base}
    assert moved == {"system-prompt", "template"}


def test_a_lower_temperature_sharpens_the_very_distribution_that_is_reported():
    base, cooler = ladder.load(BASE), ladder.load("temperature-0.9")
    for probe in BORDER + RICH:
        assert cooler.reported[probe] == base.reported[probe]
        for before, after in zip(base.first[probe], cooler.first[probe], strict=True):
            p, q = listed(before), listed(after)
            # Several tokens are shown as no text or as half a character, and a sum of powers is no power of a sum.
            common = [token for token in p if token in q and token not in {REST, "", "\ufffd"}]
            ratio = np.array([math.log(q[token]) - math.log(p[token]) / 0.9 for token in common])
            assert np.ptp(ratio) < 1e-3
            assert after.p.max() > before.p.max()


def test_a_rung_that_was_not_recorded_names_the_command_that_does(monkeypatch, tmp_path):
    monkeypatch.setattr(recording, "HOME", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m benchmarks\.ladder q4_1"):
        ladder.load("q4_1")


# Which probes were chosen


def test_candidates_have_names_of_their_own():
    ids = [probe.id for probe in candidates()]
    assert len(ids) == len(set(ids)) > 140
    assert len({probe.content_hash for probe in candidates()}) == len(ids)


def test_the_kept_choice_is_what_the_rule_asks_for_on_the_unchanged_model():
    assert len(BORDER) == len(RICH) == EACH
    assert set(first_token()) == set(BORDER + RICH)
    told = {probe: [math.exp(x) for _, x in ladder.load(BASE).reported[probe][0]] for probe in BORDER + RICH}
    again = choose(told)
    assert again == {"border": list(BORDER), "rich": list(RICH)}


def test_border_probes_have_a_heavy_second_answer_and_rich_ones_many_that_are_no_noise():
    def padded(*p):
        return [*p, *([(1 - sum(p)) / 1000] * 30)]

    seen = {
        "balanced": padded(0.45, 0.44),
        "leaning": padded(0.7, 0.2),
        "sure": padded(0.99),
        "noise": padded(0.02, 0.02),
        "wide": padded(*[0.1] * 9),
        "narrow": padded(0.3, 0.3, 0.3),
    }
    chosen = choose(seen)
    assert sum(seen["wide"][:2]) < BORDER_MASS < sum(seen["leaning"][:2])
    assert chosen["border"] == ["balanced", "leaning", "sure"]
    assert chosen["rich"] == ["wide", "narrow"]
    assert sum(seen["noise"][:20]) < RICH_MASS


# Rounds


def expected(loaded, probe):
    """Token → probability, averaged over the ways; plain, token by token."""
    mean = Counter()
    for weight, way in zip(loaded.weights, loaded.first[probe], strict=True):
        for token, p in zip(way.tokens, way.p, strict=True):
            mean[token] += weight * float(p)
    return mean


@pytest.mark.parametrize(
    "source", [lambda: ladder.load(BASE), lambda: ladder.load("kv-q4_0"), lambda: ladder.mixed("noise-0.1", 0.3)]
)
def test_draws_follow_the_distribution(source):
    loaded, rng = source(), np.random.default_rng(20260731)
    n = 6000
    answers = ladder.draw(loaded, rng, BORDER + RICH, n)
    for probe in BORDER + RICH:
        seen, mean = Counter(answers.texts[probe]), expected(loaded, probe)
        assert set(seen) <= set(mean)
        often = [token for token, p in mean.items() if p * n > 8]
        counts = [seen[token] for token in often] + [n - sum(seen[token] for token in often)]
        wanted = [mean[token] * n for token in often] + [n * (1 - sum(mean[token] for token in often))]
        statistic = sum((count - want) ** 2 / want for count, want in zip(counts, wanted, strict=True))
        assert chdtrc(len(counts) - 1, statistic) > 1e-4


def test_replies_to_different_probes_and_within_one_are_independent():
    loaded, rng = ladder.load(BASE), np.random.default_rng(5)
    rounds = [ladder.draw(loaded, rng, BORDER[:2], 2) for _ in range(4000)]
    best = {probe: loaded.first[probe][0].tokens[0] for probe in BORDER[:2]}
    hits = np.array([[text == best[probe] for probe in BORDER[:2] for text in r.texts[probe]] for r in rounds])
    correlation = np.corrcoef(hits.T)[np.triu_indices(4, 1)]
    assert np.abs(correlation).max() < 4 / math.sqrt(len(rounds))


def test_what_is_reported_belongs_to_the_way_a_reply_was_computed():
    loaded = ladder.mixed("q4_0", 0.25)
    answers = ladder.draw(loaded, np.random.default_rng(1), EIGHT[:1], 8000)
    told = Counter(answers.top_logprobs[EIGHT[0]])
    assert set(told) == set(loaded.reported[EIGHT[0]])
    of_rung = sum(told[top] for top in ladder.load("q4_0").reported[EIGHT[0]])
    assert of_rung == pytest.approx(2000, abs=4 * math.sqrt(8000 * 0.25 * 0.75))


def test_a_round_is_decided_by_the_dice_alone():
    loaded = ladder.load(BASE)
    one, two = (ladder.draw(loaded, np.random.default_rng(9), EIGHT, 3) for _ in range(2))
    assert one == two
    assert one != ladder.draw(loaded, np.random.default_rng(10), EIGHT, 3)
    assert list(one.texts) == list(EIGHT)
    assert all(len(one.texts[probe]) == len(one.top_logprobs[probe]) == 3 for probe in EIGHT)


def test_the_rarest_draws_stay_within_their_way():
    tiny = Distribution(("a", "b", REST), np.array([0.1, 0.2, 0.7]))
    other = Distribution(("c", REST), np.array([0.3, 0.7 - 1e-9]))  # falls short of 1, as rounded sums do

    class Edge:
        """Dice that always show the lowest or the highest face."""

        def __init__(self, face):
            self.face = face

        def random(self, shape):
            return np.full(shape, self.face)

    edge = Recording("x", {"p": (tiny,), "q": (other,)}, {"p": ((),), "q": ((),)}, (), (), {}, {}, (1.0,))
    highest, lowest = Edge(np.nextafter(1.0, 0.0)), Edge(0.0)
    assert ladder.draw(edge, highest, ["p", "q"], 2).texts == {"p": (REST, REST), "q": (REST, REST)}
    assert ladder.draw(edge, lowest, ["p", "q"], 2).texts == {"p": ("a", "a"), "q": ("c", "c")}


def test_an_unknown_probe_is_named():
    with pytest.raises(KeyError, match="no-such"):
        ladder.draw(ladder.load(BASE), np.random.default_rng(0), ["no-such"], 1)


# Part of the traffic


@pytest.mark.parametrize("rung", RUNGS)
def test_no_share_is_the_unchanged_model_and_the_whole_share_the_rung(rung):
    assert ladder.mixed(rung, 0) is ladder.load(BASE)
    assert ladder.mixed(rung, 1) is ladder.load(rung)


def test_a_share_weighs_the_ways_of_both_and_routes_texts_one_by_one():
    base, changed, mixed = ladder.load(BASE), ladder.load("noise-0.1"), ladder.mixed("noise-0.1", 0.4)
    assert mixed.share == 0.4
    assert sum(mixed.weights) == pytest.approx(1)
    assert sum(mixed.weights[-len(changed.weights) :]) == pytest.approx(0.4)
    routed = 0
    last = len(base.texts) - len(changed.texts)
    for i, texts in enumerate(mixed.texts):
        for probe, text in texts.items():
            assert text in (changed.texts[i][probe], base.texts[last + i][probe])
            routed += text == changed.texts[i][probe] != base.texts[last + i][probe]
    different = sum(
        changed.texts[i][probe] != base.texts[last + i][probe] for i in range(len(mixed.texts)) for probe in TEXT
    )
    assert routed == pytest.approx(0.4 * different, abs=4 * math.sqrt(0.24 * different))
    assert all(mixed.greedy[probe] == base.greedy[probe] + changed.greedy[probe] for probe in TEXT)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        ladder.mixed("q4_0", share)


# What a round tells


def slow_information(base, changed, probes, replies):
    """Σ over probes and tokens of p ln(p / q), in plain Python."""
    total = 0.0
    for probe in probes:
        common = set.intersection(*(set(way.tokens) for way in changed.first[probe] + base.first[probe])) - {REST}
        p, q = expected(changed, probe), expected(base, probe)
        p_rest, q_rest = 1 - sum(p[token] for token in common), 1 - sum(q[token] for token in common)
        total += sum(p[token] * math.log(p[token] / q[token]) for token in common)
        total += p_rest * math.log(p_rest / q_rest)
    return replies * total


@pytest.mark.parametrize("rung", RUNGS)
def test_information_is_the_plain_sum(rung):
    base, changed = ladder.load(BASE), ladder.load(rung)
    fast = ladder.information(base, changed, BORDER + RICH, 3)
    assert fast == pytest.approx(slow_information(base, changed, BORDER + RICH, 3), rel=1e-6)
    assert fast > 0


def test_the_unchanged_model_tells_nothing_against_itself():
    assert ladder.information(ladder.load(BASE), ladder.load(BASE), BORDER + RICH, 3) == 0


def test_information_adds_up_over_replies_and_probes():
    base, changed = ladder.load(BASE), ladder.load("noise-0.05")
    whole = ladder.information(base, changed, EIGHT, 3)
    assert whole == pytest.approx(3 * sum(ladder.information(base, changed, [probe], 1) for probe in EIGHT))


@pytest.mark.parametrize("rung", ["q4_0", "kv-q4_0", "temperature-0.9"])
def test_information_grows_ever_faster_with_the_share(rung):
    base = ladder.load(BASE)
    told = [ladder.information(base, ladder.mixed(rung, share), EIGHT, 3) for share in np.linspace(0, 1, 9)]
    steps = np.diff(told)
    assert (steps > 0).all()
    assert (np.diff(steps[:-1]) > 0).all()
    assert told[1] < told[-1] / 8


def test_information_is_the_mean_log_likelihood_ratio_of_drawn_rounds():
    base, changed = ladder.load(BASE), ladder.load("noise-0.1")
    texts = ladder.draw(changed, np.random.default_rng(3), EIGHT, 4000).texts
    ratios = []
    for probe in EIGHT:
        common = set.intersection(*(set(way.tokens) for way in changed.first[probe] + base.first[probe])) - {REST}
        p, q = expected(changed, probe), expected(base, probe)
        for truth in (p, q):
            truth[REST] = 1 - sum(truth[token] for token in common)
        kept = [text if text in common else REST for text in texts[probe]]
        ratios.append([math.log(p[text] / q[text]) for text in kept])
    rounds = np.sum(ratios, axis=0)
    told = ladder.information(base, changed, EIGHT, 1)
    assert told == pytest.approx(rounds.mean(), abs=4 * rounds.std() / math.sqrt(len(rounds)))


# As the judge sees them


def test_a_round_carries_the_replies_through_the_real_fingerprint():
    answers = ladder.draw(ladder.load(BASE), np.random.default_rng(2), EIGHT, 3)
    seen = ladder.as_round(answers, "000007", endpoint="other")
    assert (seen.label, seen.endpoint, seen.at) == ("000007", "other", None)
    assert [o.probe for o in seen.observations] == [f"ladder/{probe}" for probe in EIGHT for _ in range(3)]
    assert [o.sample for o in seen.observations] == [0, 1, 2] * len(EIGHT)
    assert len({o.series for o in seen.observations}) == len(EIGHT)
    assert [o.reply.text for o in seen.observations] == [text for probe in EIGHT for text in answers.texts[probe]]
    assert {o.reply.top_logprobs for o in seen.observations} <= {
        top for tops in answers.top_logprobs.values() for top in tops
    }
    assert all(o.fingerprint is not None and "text.choice" in o.fingerprint.categories for o in seen.observations)


def test_a_recorded_round_carries_how_its_replies_ended():
    base = ladder.load(BASE)
    seen = ladder.as_round(ladder.recorded(base, 3), "000003")
    assert [o.reply.text for o in seen.observations] == list(base.texts[3].values())
    ends = [Ending(o.reply.finish_reason, o.reply.output_tokens) for o in seen.observations]
    assert ends == list(base.endings[3].values())


@pytest.mark.slow
def test_the_judge_is_quiet_on_the_unchanged_model_and_finds_a_large_change():
    rng = np.random.default_rng(11)
    base, changed = ladder.load(BASE), ladder.load("q4_0")
    answers = [ladder.draw(base, rng, EIGHT, 3) for _ in range(26)]
    answers += [ladder.draw(changed, rng, EIGHT, 3) for _ in range(10)]
    rounds = [ladder.as_round(each, f"{i:06d}") for i, each in enumerate(answers)]
    judged = replay(rounds, Promise(rounds_per_year=365, reference=reference_of(8)))
    assert [alarm.round >= "000026" for alarm in judged.alarms][:1] == [True]


# Recording


def test_only_tokens_that_every_numerics_lists_are_kept_and_the_rest_is_one():
    ways = [
        First([("a", 0.5), ("b", 0.3), (REST, 0.1), ("c", 0.05)], 9),
        First([("b", 0.5), ("a", 0.4), ("d", 0.02)], 9),
    ]
    drawn = recorder.drawn_from(ways, 1.0)
    assert drawn["tokens"] == ["a", "b", REST]
    assert drawn["p"] == [[0.5, 0.3, pytest.approx(0.2)], [0.4, 0.5, pytest.approx(0.1)]]


def test_a_list_ends_where_hardly_anything_is_left():
    raw = [("a", 0.6), ("b", 0.3995), ("c", 0.0005)]
    assert recorder.drawn_from([First(raw, 1)], 1.0)["tokens"] == ["a", "b", REST]


def test_temperature_is_a_power_of_the_whole_distribution():
    raw = [("a", 0.5), ("b", 0.3), ("c", 0.2)]
    (row,) = recorder.drawn_from([First(raw, 1)], 0.5)["p"]
    assert row[:3] == pytest.approx([0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38], rel=1e-5)


def test_tokens_of_one_text_are_heated_one_by_one_and_then_count_as_one():
    """Half a character is shown as no text, whichever half it is."""
    raw = [("a", 0.5), ("", 0.3), ("", 0.2)]
    drawn = recorder.drawn_from([First(raw, 1)], 0.5)
    assert dict(zip(drawn["tokens"], drawn["p"][0], strict=True)) == pytest.approx(
        {"a": 0.25 / 0.38, "": 0.13 / 0.38, REST: 0}, abs=1e-5
    )


class FakeModel:
    """Answers at once, and counts what it is asked."""

    def __init__(self):
        self.asked = []

    def text(self, probe, temperature, seed):
        self.asked.append((probe.id, temperature, seed))
        return f"{probe.id} {temperature} {seed}", "stop", 3


@pytest.fixture
def fake(monkeypatch, tmp_path):
    model = FakeModel()
    monkeypatch.setattr(recording, "HOME", tmp_path / "recorded")
    monkeypatch.setattr(recorder, "served", lambda *_: contextlib.nullcontext(model))
    return model


def test_a_recording_that_was_stopped_goes_on_where_it_was(fake, tmp_path):
    said = []
    recorder.record_texts(ALL["q4_0"], tmp_path / "log", said.append)
    document = recording.read("q4_0")
    assert len(document["texts"]) == ROUNDS_ELSE
    assert len(said) == len(NUMERICS)
    sampled = [ask for ask in fake.asked if ask[1]]
    assert len({seed for _, _, seed in sampled}) == len(sampled) == ROUNDS_ELSE * len(TEXT)
    assert len(fake.asked) - len(sampled) == len(NUMERICS) * len(TEXT)

    fake.asked.clear()
    recorder.record_texts(ALL["q4_0"], tmp_path / "log", said.append)
    assert fake.asked == []

    document["texts"][4] = {}  # round 4 is answered under numerics 1, which is recorded again as a whole
    recording.write(document)
    recorder.record_texts(ALL["q4_0"], tmp_path / "log", said.append)
    assert {seed // 100 % 1000 % 3 for _, temperature, seed in fake.asked if temperature} == {1}
    assert recording.read("q4_0")["texts"][4] == document["texts"][4] | recording.read("q4_0")["texts"][4]
    assert all(len(answers) == len(TEXT) for answers in recording.read("q4_0")["texts"])


def test_rungs_never_share_a_seed(fake, tmp_path):
    for name in EVERY:
        recorder.record_texts(ALL[name], tmp_path / "log", lambda _: None)
    seeds = [seed for _, temperature, seed in fake.asked if temperature]
    assert len(seeds) == len(set(seeds))


def test_equal_documents_are_equal_bytes_and_come_back(monkeypatch, tmp_path):
    monkeypatch.setattr(recording, "HOME", tmp_path)
    hostile = {"rung": "x", "texts": [{"p": ["\x00 <!channel> \ud800", "stop", 1]}]}
    recording.write(hostile)
    first = recording.path_of("x").read_bytes()
    recording.write(hostile)
    assert recording.path_of("x").read_bytes() == first
    assert recording.read("x") == hostile
    assert recording.read("y") == {"rung": "y"}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json.gz"]


def test_a_coarse_cache_is_computed_in_the_one_way_there_is():
    (only,) = Rung("kv", is_cache_coarse=True).numerics
    assert only.flash_attention is True
    assert only.cache_format == "Q4_0"
    assert all(way.cache_format == "F16" for way in ALL[BASE].numerics)


@pytest.mark.model
def test_a_probe_recorded_again_is_the_committed_model_and_no_other(tmp_path):
    probe = first_token()[EIGHT[0]]
    for number, serving in enumerate(NUMERICS.values()):
        with recorder.served(ALL[BASE], serving, tmp_path / "server.log") as model:
            found = model.first(probe, 800, reuse=False)
        drawn = recorder.drawn_from([found], 1.0)
        again = Distribution(tuple(drawn["tokens"]), np.array(drawn["p"][0]))
        # Another processor has other low bits; that is less than what another model has.
        distance = variation(again, ladder.load(BASE).first[probe.id][number])
        others = [variation(again, ladder.load(rung).first[probe.id][0]) for rung in ("q4_0", "noise-0.1", "template")]
        assert distance < min(0.1, *others)
        assert found.input_tokens == ladder.load(BASE).input_tokens[probe.id]
