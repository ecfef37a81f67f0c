"""The story of docs/getting-started/what-changed.md, played: a prompt edit breaks the JSON in the hour in which the model
is swapped; triage tells both."""

from __future__ import annotations

import re
import shlex
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.incidents.routing import Routing
from prober.loading.declarations import load
from prober.service import declare, run_round
from prober.store import Store
from tests.cli.conftest import Run

PAGE = (Path(__file__).parents[2] / "docs/getting-started/what-changed.md").read_text("utf-8")
STEP = timedelta(hours=2)
BEFORE, SINCE = 24, 5
"""Rounds before the hour, and since."""


@pytest.mark.slow
def test_an_edit_that_breaks_json_in_the_hour_of_a_swap_is_two_causes(prober: Run, home: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hour = now - SINCE * STEP
    endpoints, probes, edit = re.findall(r"```yaml\n# probes/[^\n]*\n(.*?)```", PAGE, flags=re.S)
    before = re.search(r"^    prompt: .*ticket|^    prompt: .*\n", probes, flags=re.M)
    assert before is not None and edit.lstrip().startswith("prompt: ")
    folder = home / "probes"
    folder.mkdir()
    (folder / "endpoints.yaml").write_text(endpoints.replace("2026-03-09T15:00:00Z", hour.isoformat()))
    (folder / "shop.yaml").write_text(probes)
    assert prober("validate", "probes/").code == 0
    with Store.open(f"sqlite:///{home}/prober.db") as store, ExitStack() as stack:
        for number in range(BEFORE + SINCE):
            at = hour + (number - BEFORE) * STEP + timedelta(minutes=5)
            if number in (0, BEFORE):
                if number:
                    (folder / "shop.yaml").write_text(probes.replace(before[0], edit))
                declared = load(folder)
                declare.remember(store, declared, [folder], at - timedelta(minutes=4))
                (probe_set,) = declared.sets
            for endpoint in declared.endpoints:
                provider = stack.enter_context(closing(open_provider(endpoint)))
                run_round.run(probe_set, endpoint, declared.promise(endpoint), provider, store, Routing(("log",)), at,
                              clock=lambda at=at: at)  # fmt: skip
    commands = [
        shlex.split(line) for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.S) for line in block.splitlines()
    ]
    said = {" ".join(words[1:3]): prober(*words[1:]) for words in commands if words[1] not in ("run", "validate")}
    triage = said["triage assistant"]
    assert triage.code == 1, triage.out
    first = re.sub(r" \(\d+ %\)", "", triage.out.splitlines()[0])
    assert re.search(r"```text\n(.*)\n```", PAGE)[1] in first, triage.out  # type: ignore[index]
    for words in (
        "shop/ticket v2 from round",
        "Did unedited probes move?",
        "the same model moved at us-east",
    ):
        assert words in triage.out
    assert "prompt-rollback" in triage.out
    assert re.search(r"assistant +open", said["incidents list"].out)
    assert said["incidents runbook"].code == 0
    assert "Summarise as JSON" in said["versions shop/ticket"].out
