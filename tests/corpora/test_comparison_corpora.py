"""`compare` on replies of real endpoints: what did change is found and named, what did not is left alone.

With PROBER_SPLITS, the number of random halves and subsets (otherwise 4), and `-s` it prints the tables of
docs/mathematics/comparison.md.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from prober.lab.compare import compare, judge
from prober.lab.compare.exchange import gather
from tests.bounds import most
from tests.corpora.corpora import recorded

pytestmark = pytest.mark.slow

TASKS = ("countahappynumber", "leetcode", "sensitiveq")
SPLITS = int(os.environ.get("PROBER_SPLITS", "4"))
SUBSETS = (12, 20, 30, 50) if "PROBER_SPLITS" in os.environ else (50,)
"""Sizes in probes. Only what the largest finds is promised; the others are for the table."""
ALPHA = 0.01
MOVED = {
    # GPT-4's answers to happy numbers lost their steps; its code gained fences; its refusals grew curt and more.
    ("countahappynumber", "gpt4"): {"reply_type", "length", "format", "choice", "embedding"},
    ("leetcode", "gpt4"): {"format", "choice", "length", "embedding"},
    ("sensitiveq", "gpt4"): {"reply_type", "length", "refusal", "choice", "embedding", "format"},
    ("countahappynumber", "gpt35"): {"reply_type", "length", "format", "choice", "embedding"},
    ("leetcode", "gpt35"): {"format", "choice", "embedding"},
    ("sensitiveq", "gpt35"): {"reply_type", "length", "refusal", "choice", "embedding"},
}
"""The channels besides identity that are found; what the study of these replies reports is among them."""


@pytest.mark.parametrize("model", ["gpt4", "gpt35"])
@pytest.mark.parametrize("task", TASKS)
def test_march_against_june(task, model):
    """All probes, and random subsets of them; in those who answers is left aside, as for an upgrade."""
    reference, candidate = (recorded(f"llmdrift-{task}-{model}-{month}") for month in ("march", "june"))
    gathered = gather(reference, candidate)
    compared = judge(gathered, ALPHA, np.random.default_rng(0))
    print(f"\n| {task} {model} | {compared.verdict} | " + " | ".join(map(shown, compared.channels)))
    assert compared.verdict == "changed"
    assert compared.paired
    assert compared.probes == len(reference)
    channels = {one.channel: one for one in compared.channels}
    moved = {name for name, one in channels.items() if one.changed}
    # Texts that come again, and letters, move with the words; whether enough to be found differs.
    assert moved - {"text", "exact"} == {"identity", *MOVED[task, model]}
    if model == "gpt4":  # what the study of these replies reports
        assert {
            "countahappynumber": lambda: channels["length"].effect < -5,
            "leetcode": lambda: channels["format"].effect > 0.8,
            "sensitiveq": lambda: channels["length"].interval[1] < -1.5 and 0.2 < channels["refusal"].effect < 0.3,
        }[task]()

    gathered = replace(gathered, same_endpoint=False)
    keys = sorted({answer.key for answer in gathered.answers})
    rng = np.random.default_rng(29)
    found = dict.fromkeys(SUBSETS, 0)
    for probes in SUBSETS:
        for _ in range(SPLITS):
            chosen = {keys[i] for i in rng.choice(len(keys), probes, replace=False)}
            answers = tuple(answer for answer in gathered.answers if answer.key in chosen)
            found[probes] += judge(replace(gathered, answers=answers), ALPHA, rng).verdict == "changed"
    print(f"\n| {task} {model} of {SPLITS} | " + " | ".join(f"{probes} probes: {n}" for probes, n in found.items()))
    assert found[50] == SPLITS


def test_halves_of_the_prompts_of_one_version():
    """Random ones, with one bound for all logs: a rule that calls one pair in five changed is found with a probability of
    0.9. And the halves that a user would cut: the beginning of the log and its end."""
    rng = np.random.default_rng(17)
    logs = [(task, model, month) for task in TASKS for model in ("gpt4", "gpt35") for month in ("march", "june")]
    changed = 0
    for task, model, month in logs:
        whole = recorded(f"llmdrift-{task}-{model}-{month}")
        half = len(whole) // 2
        gathered, before = gather(whole[:half], whole[half:]), changed
        assert not gathered.paired
        if model == "gpt4":
            assert judge(gathered, ALPHA, np.random.default_rng(0)).verdict == "same"
        for _ in range(SPLITS):
            halves = rng.permutation(len(gathered.answers)) < half
            split = [
                replace(answer, candidate=bool(is_candidate))
                for answer, is_candidate in zip(gathered.answers, halves, strict=True)
            ]
            changed += judge(replace(gathered, answers=tuple(split)), ALPHA, rng).verdict == "changed"
        print(f"\n| halves of {task} {model} {month} | {changed - before} of {SPLITS}")
    assert changed <= most(len(logs) * SPLITS, ALPHA, 1e-4)


def test_days_before_a_swap_are_one_behaviour_and_days_after_another():
    """Days scatter here far beyond single replies: only whole rounds are evidence."""
    log = recorded("together-mistral-swap")
    before = [logged for logged in log if logged.round < "2026-01-29"]
    after = [logged for logged in log if logged.round >= "2026-01-30"]
    found = compare(before, after, ALPHA)
    print(f"\n| before and after the swap | {found.verdict} | " + " | ".join(map(shown, found.channels)))
    assert (found.verdict, found.exchanged) == ("changed", "rounds")
    assert next(one for one in found.channels if one.channel == "choice").changed
    gathered = gather(before, after)
    still = [answer for answer in gathered.answers if not answer.candidate]
    days = sorted({answer.round for answer in still})
    rng = np.random.default_rng(3)
    changed = 0
    for _ in range(SPLITS):
        chosen = set(rng.permutation(days)[: len(days) // 2])
        answers = [replace(answer, candidate=answer.round in chosen) for answer in still]
        answers.sort(key=lambda answer: (answer.key, answer.candidate, answer.round))
        kinds = {(day in chosen, day): gathered.kinds[False, day] for day in days}
        compared = judge(replace(gathered, answers=tuple(answers), kinds=kinds), ALPHA, rng)
        assert compared.exchanged == "rounds"
        changed += compared.verdict == "changed"
    print(f"| halves of the {len(days)} days before the swap | {changed} of {SPLITS}")
    assert changed <= most(SPLITS, ALPHA, 1e-4)


def shown(one):
    interval = "" if one.interval is None else f" [{one.interval[0]:.2f}, {one.interval[1]:.2f}]"
    return f"{'**' if one.changed else ''}{one.channel} p={one.p_value:.5f} {one.effect:.2f}{interval} {one.unit}: {one.words}"
