from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from prober.fingerprint import embedding
from prober.fingerprint.embedding import EMBEDDERS, READ, WORDLLAMA, WordLlama, extract
from prober.fingerprint.feature import EmbedderUnavailable, Features
from prober.fingerprint.fingerprint import fingerprint
from prober.model.declaration import Probe
from tests.fingerprint.conftest import Answer


def vector(answer: Answer, probe: Probe, text: str) -> tuple[float, ...]:
    return extract(answer(text), probe).vectors["wordllama"]


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    return float(np.dot(a, b))


def test_a_vector_of_unit_length_and_its_source(answer: Answer, probe: Probe) -> None:
    found = extract(answer("The cat sat on the mat."), probe)
    assert len(found.vectors["wordllama"]) == 256
    assert math.hypot(*found.vectors["wordllama"]) == pytest.approx(1, abs=1e-5)
    assert all(value == round(value, 6) for value in found.vectors["wordllama"])
    assert found.categories["source"].startswith("wordllama-0.")
    assert found.categories["source"].endswith("/l2_supercat_256")
    assert found.unreadable == {}


def test_meaning_is_closer_than_chance(answer: Answer, probe: Probe) -> None:
    cat, kitten, tax = (
        vector(answer, probe, t) for t in ("a small cat", "a little kitten", "corporate income tax law")
    )
    assert cosine(cat, kitten) > 0.4 > 0.2 > cosine(cat, tax)


@pytest.mark.slow
def test_the_same_as_the_package_computes(answer: Answer, probe: Probe) -> None:
    texts = ["7", "The cat sat on the mat.", "漢字 and Кириллица 👍", "a\x00b"]
    script = (
        "import json, sys, wordllama, pathlib\n"
        "model = wordllama.WordLlama.load(cache_dir=pathlib.Path(wordllama.__file__).parent, disable_download=True)\n"
        "texts = json.loads(sys.argv[1])\n"
        "print(json.dumps([model.embed(text, norm=True)[0].tolist() for text in texts]))"
    )
    run = subprocess.run([sys.executable, "-c", script, json.dumps(texts)], capture_output=True, text=True, check=True)
    for text, expected in zip(texts, json.loads(run.stdout), strict=True):
        assert vector(answer, probe, text) == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_loading_is_silent_and_leaves_logging_and_the_network_alone() -> None:
    script = (
        "import logging, socket, sys\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from prober.fingerprint.embedding import WordLlama\n"
        "assert len(WordLlama().embed('hello')) == 256\n"
        "assert logging.getLogger().level == logging.WARNING and not logging.getLogger().handlers\n"
        "assert not {'wordllama', 'requests', 'httpx'} & set(sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.slow
def test_threads_share_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[int] = []
    load = embedding.load_model

    def counted() -> object:
        loads.append(1)
        return load()

    monkeypatch.setattr(embedding, "load_model", counted)
    fresh = WordLlama()
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(lambda _: tuple(fresh.embed("hello world")), range(64)))
    assert len(set(vectors)) == 1
    assert loads == [1]


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_blank_text_has_no_vector(text: str, answer: Answer, probe: Probe) -> None:
    assert extract(answer(text), probe) == Features(unreadable={"": "a blank text has no direction"})


def test_only_the_start_of_a_long_text_is_read(answer: Answer, probe: Probe) -> None:
    start = ("word " * READ)[:READ]
    found = extract(answer(start + "completely different"), probe)
    assert found.unreadable == {"": "only the first 8000 characters were read"}
    assert found.vectors["wordllama"] == vector(answer, probe, start)


def test_hostile_text_is_embedded(answer: Answer, probe: Probe) -> None:
    for text in ("\ud800", "\x00", "a" * READ, "👍" * READ, "\u202e<!channel>"):
        assert math.hypot(*vector(answer, probe, text)) == pytest.approx(1, abs=1e-5)


class Fixed:
    """An embedder that says always the same, or that it cannot."""

    name, source = "fixed", "fixed-1/2"

    def __init__(self, vector: Sequence[float] | None) -> None:
        self.vector = vector

    def embed(self, text: str) -> Sequence[float]:
        if self.vector is None:
            raise EmbedderUnavailable("no weights here")
        return self.vector


def test_another_embedder_has_keys_of_its_own(answer: Answer, probe: Probe) -> None:
    found = fingerprint(answer("x"), probe, Fixed([3.0, -4.0, -0.0]))
    assert {k: v for k, v in found.vectors.items() if k.startswith("embedding")} == {
        "embedding.fixed": (0.6, -0.8, 0.0)
    }
    assert str(found.vectors["embedding.fixed"][2]) == "0.0"
    assert found.categories["embedding.source"] == "fixed-1/2"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Fixed(None), "no weights here"),
        (Fixed([0.0, 0.0]), "the embedder gave a vector of no length"),
        (Fixed([math.nan, 1.0]), "the embedder gave a vector of no length"),
        (Fixed([]), "the embedder gave a vector of no length"),
        (None, "no embedder is in use"),
    ],
)
def test_without_a_vector_the_reason_is_reported(given: Fixed | None, why: str, answer: Answer, probe: Probe) -> None:
    found = fingerprint(answer("x"), probe, given)
    assert not [key for key in found.vectors if key.startswith("embedding")]
    assert found.unreadable["embedding"] == why


def test_the_table_knows_each_embedder_by_its_name() -> None:
    assert EMBEDDERS["wordllama"] is WORDLLAMA
    assert all(name == embedder.name for name, embedder in EMBEDDERS.items())


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([], "the package wordllama carries no l2_supercat_tokenizer_config.json"),
        (
            ["tokenizers/l2_supercat_tokenizer_config.json"],
            "the package wordllama carries no l2_supercat_256.safetensors",
        ),
        (
            ["tokenizers/l2_supercat_tokenizer_config.json", "weights/l2_supercat_256.safetensors"],
            "l2_supercat_256.safetensors of the package wordllama cannot be read",
        ),
    ],
)
def test_a_broken_package_is_reported(
    files: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "wordllama"
    for file in ["__init__.py", *files]:
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EmbedderUnavailable, match=why):
        WordLlama().embed("x")


def test_a_missing_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbedderUnavailable, match="the package wordllama is not installed"):
        WordLlama().embed("x")


def test_root_logger_is_untouched() -> None:
    assert logging.getLogger("wordllama.wordllama").level == logging.NOTSET
