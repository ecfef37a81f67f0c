"""The pool of candidates."""

from __future__ import annotations

from itertools import islice

from prober.lab.discover.scan import pool, size


def test_there_are_thousands_and_each_is_another() -> None:
    every = list(pool(0))
    assert len(every) == size() > 2_000
    assert len({one.probe.id for one in every}) == len(every)
    assert len({one.probe.content_hash for one in every}) == len(every)


def test_the_order_is_the_seeds() -> None:
    first = [one.probe.prompt for one in islice(pool(1), 100)]
    assert first == [one.probe.prompt for one in islice(pool(1), 100)]
    assert first != [one.probe.prompt for one in islice(pool(2), 100)]
    assert {one.probe.prompt for one in pool(1)} != set(first)


def test_kinds_take_turns() -> None:
    kinds = [one.kind for one in islice(pool(5), 14)]
    assert len(set(kinds[:7])) == 7
    assert kinds[:7] == kinds[7:]


def test_prompts_are_short_whole_and_ask_for_a_short_answer() -> None:
    for one in pool(0):
        prompt = one.probe.prompt or ""
        assert 20 < len(prompt) < 110
        assert "{" not in prompt and "None" not in prompt and "True" not in prompt and "False" not in prompt
    assert not [one for one in pool(0) if one.kind == "number" and "from 9 to 4" in (one.probe.prompt or "")]
