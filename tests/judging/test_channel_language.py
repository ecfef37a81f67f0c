"""Another language in the same script is evidence by itself, the gravest news after who answered."""

from __future__ import annotations

import pytest

from prober.fingerprint.fingerprint import fingerprint
from prober.judging.explain.findings import find
from prober.model.declaration import Probe
from prober.model.reply import Reply
from tests.judging.observed import REFERENCE, START, judged, observed

PROBE = Probe(id="capital", prompt="What is the capital of France?")
ENGLISH = "The capital of France is Paris, and it has about two million people."
GERMAN = "Die Hauptstadt von Frankreich ist Paris, und die Stadt liegt an der Seine."


def said(text: str):
    return fingerprint(Reply(at=START, text=text, finish_reason="stop"), PROBE, embedder=None)


def test_another_language_in_the_same_script() -> None:
    def round_(i: int, *texts: str):
        return observed(i, {"a": [said(text) for text in texts]})

    still = [round_(i, ENGLISH, ENGLISH, "Paris") for i in range(REFERENCE)]
    changed = [round_(REFERENCE + i, GERMAN, GERMAN, "Paris") for i in range(6)]
    _, judgements = judged([*still, *changed], until_alarm=True)
    assert judgements[-1].state == "alarm" and len(judgements) <= REFERENCE + 4
    (own,) = [one for one in judgements[-1].verdicts if one.channel == "language"]
    assert own.words.startswith("probe a: “English” 0 % (was ") and "never seen before" in own.words


def test_what_has_too_few_words_is_not_read() -> None:
    read = [said(text).categories.get("language.name") for text in ("7", "Paris", "x = 1", ENGLISH, GERMAN)]
    assert read == [None, None, None, "English", "German"]


FRENCH = "La capitale de la France est Paris, et elle est au bord de la Seine."
SPANISH = "La capital de Francia es Paris, y la ciudad tiene dos millones de habitantes en el centro."
UNREAD = "ᚠᚢᚦ ᚨᚱᚲ " * 10


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([GERMAN], "“German” (never seen before) 100 % (was 0 %)"),
        ([GERMAN, GERMAN, FRENCH], "“German”, “French” (never seen before) 100 % (was 0 %)"),
        ([GERMAN] * 3 + [FRENCH] * 2 + [SPANISH], "“German”, “French” and others (never seen before) 100 % (was 0 %)"),
        ([UNREAD], "languages never seen before 100 % (was 0 %)"),
        ([UNREAD, UNREAD, GERMAN], "“German” and others (never seen before) 100 % (was 0 %)"),
    ],
)
def test_a_language_never_seen_before_is_named(texts: list[str], words: str) -> None:
    before = [observed(i, {"a": [said(ENGLISH)] * len(texts)}) for i in range(REFERENCE)]
    since = [observed(REFERENCE + i, {"a": [said(text) for text in texts]}) for i in range(6)]
    _, judgements = judged([*before, *since], until_alarm=True)
    moved = [one for one in judgements[-1].verdicts if one.channel == "language"]
    (shift,) = [one for one in find(moved, before, since, 1).shifts if one.channel == "language"]
    assert words in shift.words
