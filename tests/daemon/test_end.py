"""A daemon that is told to stop ends within its grace, whatever hangs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from prober.alerts.log import LogAlerter
from prober.daemon import Daemon
from prober.store import Store, daemons, rounds
from tests.daemon.world import Clock

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("hangs", ["an ask", "saying that it ends", "a claim"])
def test_it_ends(files: Path, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, hangs: str) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def hang(*arguments: object, **more: object) -> None:
        reached.set()
        let_go.wait(60)

    if hangs == "an ask":
        monkeypatch.setattr("prober.asking.scripted.ScriptedProvider.ask", hang)
    elif hangs == "a claim":
        monkeypatch.setattr(rounds, "claim", hang)
    else:
        monkeypatch.setattr(daemons, "stop", hang)
    daemon = Daemon([files], store, [LogAlerter()], "", worker="here", clock=clock, grace_s=0.5)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(daemon.run()))
    thread.start()
    if hangs != "saying that it ends":
        assert reached.wait(60)
    daemon.stop()
    thread.join(60)
    is_over = not thread.is_alive()
    let_go.set()
    thread.join()
    assert is_over
    assert ended == [False], "the process must not wait for what hangs"
