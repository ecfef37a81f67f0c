"""What the demo shows: progress, the message, and the dashboard."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from dashboard import launch
from prober.alerts.message import plain_text
from prober.model.notice import Notice, Outcome

_USUAL_PORT = 8501
_PAGE_PATIENCE_S = 60.0
_WIDEST = 110


@dataclass(frozen=True, slots=True)
class TerminalAlerter:
    """Shows a notice where it was run: what Slack would get, without Slack."""

    console: Console
    name: str = "terminal"

    def send(self, notice: Notice) -> Outcome:
        # `Text`, not `str`: brackets in a reply are no markup.
        shown = Text(plain_text(notice))
        width = min(self.console.width, _WIDEST)
        self.console.print(Panel(shown, title="The message to Slack", title_align="left", width=width))
        return Outcome(True, "sent")


def bars(console: Console, *, transient: bool = False) -> Bars:
    """Progress bars, one a phase; they stay when they are full, unless `transient`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bars(*columns, console=console, transient=transient)


def page_port() -> int:
    """The dashboard's usual port, or a free one."""
    return _USUAL_PORT if _is_free(_USUAL_PORT) else _free_port()


def page_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def page(port: int, database_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The dashboard in a child process, answering, until the end of the block. `log` is the file it writes to."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            launch.command(port),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | {"PROBER_DATABASE_URL": database_url, "PROBER_DASHBOARD_URL": page_url(port)},
            start_new_session=True,  # Ctrl-C is for the demo, which then ends its page
        )
    try:
        deadline = time.monotonic() + _PAGE_PATIENCE_S
        while _is_free(port) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
