"""Every file under `invalid/` is refused with exactly the words beside it.

To pin the words of a new or changed example, write an empty `.txt` beside it, run this test, and copy what it says.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from prober.loading.declarations import load
from prober.model.errors import ConfigurationError

INVALID = Path(__file__).parent / "invalid"
EXAMPLES = sorted(
    path.name for path in INVALID.iterdir() if path.is_dir() or (path.suffix == ".yaml" and path.stem != "endpoints")
)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_whole_message(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INVALID)
    with pytest.raises(ConfigurationError) as caught:
        load(example)
    assert str(caught.value) == Path(f"{Path(example).stem}.txt").read_text(encoding="utf-8").rstrip("\n")


def test_every_pinned_message_has_its_example() -> None:
    assert sorted(path.stem for path in INVALID.glob("*.txt")) == sorted(Path(name).stem for name in EXAMPLES)
    assert len(EXAMPLES) >= 25


def test_every_message_names_a_fix_in_plain_words() -> None:
    for path in INVALID.glob("*.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "; " in line or "did you mean" in line, line
            for jargon in ("Input should", "pydantic", "Traceback", "type=", "NoneType", "dict", "tuple", "yaml.org"):
                assert jargon not in line, line


def test_the_endpoints_beside_the_single_files_are_right() -> None:
    assert [endpoint.name for endpoint in load(INVALID / "endpoints.yaml").endpoints] == ["demo", "remote", "toolless"]


@pytest.mark.parametrize("example", [name for name in EXAMPLES if "secret" in name])
def test_secrets_are_not_repeated(example: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(INVALID / example)
    for secret in ("no-real", "hunter", "not.a.real"):
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value.problems)
