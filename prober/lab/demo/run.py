"""The demo, from quiet rounds to the message: ordinary rounds of an endpoint that changes, shown on a terminal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from dashboard import missing, serve_command
from prober.alerts import Alerter, open_alerters
from prober.alerts.message import plain_text
from prober.asking import Provider, open_provider
from prober.incidents.routing import Routing
from prober.lab.demo.server import ServerError, free_port
from prober.lab.demo.weights import DemoUnavailable
from prober.lab.demo.worlds import DemoWorld, real_world, scripted_world
from prober.model.notice import Notice, Outcome
from prober.service import run_round
from prober.service.deliver import StoredOutbox, deliver
from prober.settings import Settings
from prober.store import Store, declared, incidents
from prober.text import count

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


@dataclass(frozen=True, slots=True)
class Ending:
    """How it went."""

    quiet_rounds: int
    """Rounds before the change."""
    alarmed_at: int | None
    """Number of the round that raised the first alarm, from 0; None where none did."""

    @property
    def is_caught(self) -> bool:
        return self.alarmed_at is not None and self.alarmed_at >= self.quiet_rounds

    @property
    def exit_code(self) -> int:
        return 0 if self.is_caught else 1

    @property
    def words(self) -> str:
        if self.alarmed_at is None:
            return (
                f"Not caught. {count(self.quiet_rounds, 'round')} before the change, and those after "
                "it, raised no alarm."
            )
        if not self.is_caught:
            return f"False alarm: round {self.alarmed_at + 1} of {self.quiet_rounds} before the change raised one."
        after = self.alarmed_at - self.quiet_rounds + 1
        return (
            f"Caught in round {after} after the change; the {count(self.quiet_rounds, 'round')} before "
            "it raised no alarm."
        )


def bars(console: Console, *, transient: bool = False) -> Bars:
    """Progress bars, one a phase; they stay when they are full, unless `transient`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bars(*columns, console=console, transient=transient)


def page_port() -> int:
    """The dashboard's usual port, or a free one."""
    return _USUAL_PORT if is_free(_USUAL_PORT) else free_port()


def page_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def page(port: int, database_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The dashboard in a child process, answering, until the end of the block. `log` is the file it writes to."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            serve_command(port),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | {"PROBER_DATABASE_URL": database_url, "PROBER_DASHBOARD_URL": page_url(port)},
            start_new_session=True,  # Ctrl-C is for the demo, which then ends its page
        )
    try:
        deadline = time.monotonic() + _PAGE_PATIENCE_S
        while is_free(port) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def run_demo(*, scripted: bool, dashboard: bool, console: Console) -> int:
    """Play the demo on `console`; leaves the dashboard open until Ctrl-C where `dashboard` is set.

    Exit code 0 when the change was caught after it happened and nothing alarmed before it; 1 otherwise. Where the
    real model's wheels are missing it says so and goes on scripted. Ctrl-C and SIGTERM end it in order, with the exit
    code earned so far. Raises ConfigurationError where the environment half configures Slack, and StoreError.
    """
    alerters = (TerminalAlerter(console), *(each for each in open_alerters(Settings()) if each.name != "log"))
    exit_code = 1
    port = page_port()
    home = Path(tempfile.mkdtemp(prefix="canary-prober-demo-"))
    database_url = f"sqlite:///{home / 'demo.db'}"
    with _sigterm_as_ctrl_c():
        try:
            with ExitStack() as stack:
                world = _set(scripted, home, console, stack)
                store = stack.enter_context(Store.open(database_url))
                ending = play(world, store, alerters, page_url(port), console)
                caught = store.query(incidents.open_change, world.endpoint.content_hash)
            console.print(ending.words, highlight=False)
            if caught is not None:
                asks = f"prober triage {world.endpoint.name} --database {database_url}"
                console.print(f"What explains it: {asks}", highlight=False, soft_wrap=True)
            exit_code = ending.exit_code
            if dashboard and (lacks := missing()):
                console.print(f"No dashboard: {lacks}.", highlight=False, soft_wrap=True)
            elif dashboard:
                where = f"/?incident={caught.id}" if caught else ""
                _leave_open(port, where, database_url, home, console)
        except KeyboardInterrupt:
            console.print("Stopped.")
    console.print(f"Everything that was asked and answered is in {home / 'demo.db'}.", highlight=False, soft_wrap=True)
    return exit_code


def is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _set(scripted: bool, home: Path, console: Console, stack: ExitStack) -> DemoWorld:
    """The real model, or the scripted one where that is wanted or where there is no other."""
    if not scripted:
        try:
            with bars(console, transient=True) as shown:
                making = shown.add_task("Making changed weights, once", visible=False)
                world = stack.enter_context(
                    real_world(home, lambda done, of: shown.update(making, completed=done, total=of, visible=True))
                )
        except (DemoUnavailable, ServerError, OSError) as fault:
            console.print(f"No real model: {fault}. Going on with scripted replies.", markup=False, soft_wrap=True)
        else:
            return world
    return stack.enter_context(scripted_world())


def play(world: DemoWorld, store: Store, alerters: Sequence[Alerter], dashboard_url: str, console: Console) -> Ending:
    """Quiet rounds, the change, rounds until it is caught and a little longer. Notices go out at once."""
    reference = world.endpoint.reference.rounds
    alarmed_at: int | None = None
    console.print(world.before, highlight=False, soft_wrap=True)
    store.change(declared.remember, [world.probe_set], [world.endpoint], datetime.now(UTC))
    with bars(console) as shown, closing(open_provider(world.endpoint)) as provider:
        learning = shown.add_task("Learning what is normal", total=reference)
        watching = shown.add_task("Watching", total=world.quiet_rounds - reference)
        changed = shown.add_task("Watching, changed", total=world.changed_rounds, visible=False)
        for number in range(world.quiet_rounds + world.changed_rounds):
            if number == world.quiet_rounds:
                world.change()
                console.print(world.after, highlight=False, soft_wrap=True)
                shown.update(changed, visible=True)
            _round(world, number, provider, store, alerters)
            shown.advance(learning if number < reference else watching if number < world.quiet_rounds else changed)
            incident = store.query(incidents.open_change, world.endpoint.content_hash)
            if alarmed_at is None and incident is not None and incident.is_live:
                alarmed_at = number
                _deliver(store, alerters, dashboard_url)
            if alarmed_at is not None and (
                alarmed_at < world.quiet_rounds or number >= alarmed_at + world.rounds_after_catch
            ):
                break
    return Ending(world.quiet_rounds, alarmed_at)


def _round(world: DemoWorld, number: int, provider: Provider, store: Store, alerters: Sequence[Alerter]) -> None:
    due, routing = world.due(number), Routing(tuple(alerter.name for alerter in alerters))
    endpoint = world.endpoint
    run_round.run(world.probe_set, endpoint, world.promise, provider, store, routing, due, clock=lambda: due)


def _deliver(store: Store, alerters: Sequence[Alerter], dashboard_url: str) -> None:
    """Deliver every notice that is due."""
    while deliver(StoredOutbox(store), alerters, lambda: datetime.now(UTC), dashboard_url):
        pass


def _leave_open(port: int, where: str, database_url: str, home: Path, console: Console) -> None:
    with page(port, database_url, home / "dashboard.log") as child:
        console.print(
            f"The dashboard is open at {page_url(port)}{where} until Ctrl-C.", highlight=False, soft_wrap=True
        )
        child.wait()
        console.print(f"The dashboard ended by itself; see {home / 'dashboard.log'}.", highlight=False, soft_wrap=True)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """SIGTERM unwinds the demo as Ctrl-C does, so that its server and page end with it."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
