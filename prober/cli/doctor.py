"""`prober doctor`: is everything in place?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import typer

from prober.alerts import ALERTERS, open_alerters
from prober.alerts.post import open_ping
from prober.alerts.slack.bot import SlackBot
from prober.asking.access import KEYS, NoKey
from prober.cli.options import AsJson, Database, Paths, declared, settings_of
from prober.cli.output import count, print_json, say
from prober.fingerprint.embedding import WORDLLAMA
from prober.fingerprint.feature import EmbedderUnavailable
from prober.incidents.routing import Routing
from prober.loading import Declarations
from prober.model.errors import ProberError
from prober.settings import secret
from prober.store import Store

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check."""

    about: str
    ok: bool
    words: str
    """What was found; where it is not ok, with how to fix it."""


@app.command()
def doctor(paths: Paths = None, database: Database = None, as_json: AsJson = False) -> int:
    """Check the installation, the declarations, the keys (by name only) and the alerters. Exit code 2 for a problem."""
    findings = list(_findings(paths, database))
    if as_json:
        print_json({"ok": all(one.ok for one in findings), "findings": [asdict(one) for one in findings]})
    else:
        say(*(f"{'ok     ' if one.ok else 'PROBLEM'}  {one.about}: {one.words}" for one in findings))
    return 0 if all(one.ok for one in findings) else 2


def _findings(paths: Sequence[Path] | None, database: str | None) -> Iterator[Finding]:
    yield Finding("python", True, f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}")
    yield _packages()
    yield _tried("embedder", _embedder)
    yield _tried("database", lambda: _database(database))
    declarations: Declarations | None = None
    try:
        declarations = declared(paths)
    except ProberError as error:
        yield Finding("declarations", False, str(error))
    else:
        counts = f"{count(len(declarations.sets), 'probe set')}, {count(len(declarations.endpoints), 'endpoint')}"
        yield Finding("declarations", True, counts)
        yield from _keys(declarations)
    yield from _channels(database, declarations)


def _tried(about: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(about, True, look())
    except (ProberError, EmbedderUnavailable) as error:
        return Finding(about, False, str(error))


def _packages() -> Finding:
    missing: list[str] = []
    try:
        installed = version("canary-prober")
    except PackageNotFoundError:
        return Finding("packages", False, "canary-prober itself is not installed; run pip install . in its folder")
    for requirement in requires("canary-prober") or []:
        if "extra ==" in requirement:
            continue  # optional, and not missed
        name = requirement.split(";")[0].split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip()
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("packages", False, f"{', '.join(missing)} missing; pip install {' '.join(missing)}")
    return Finding("packages", True, f"canary-prober {installed} and its dependencies")


def _embedder() -> str:
    WORDLLAMA.embed("a word")
    return WORDLLAMA.source


def _database(database: str | None) -> str:
    url = settings_of(database).database_url
    path = Path(url.removeprefix("sqlite:///").split("?")[0])
    if url.startswith("sqlite:///") and not path.exists() and path.parent.is_dir():
        return f"{path} does not exist yet; `prober once` or `prober run` creates it"
    with Store.open(url, read_only=True) as store:
        return f"{store.where} can be read"


def _heartbeat(database: str | None) -> str:
    pinged = open_ping(settings_of(database)) is not None
    return "is pinged while the daemon is healthy" if pinged else "none; set PROBER_HEARTBEAT_URL to have one"


def _routes(routing: Routing) -> str:
    routing.check(ALERTERS)
    return "lead to alerters that are configured here"


def _keys(declarations: Declarations) -> Iterator[Finding]:
    names = {name for one in declarations.endpoints for name in (one.api_key_env, *one.variables) if name}
    for name in sorted(names):
        there = secret(name) is not None
        yield Finding(f"key {name}", there, "is set" if there else f"is not set; export {name}=… where the prober runs")
    for endpoint in declarations.endpoints:
        if endpoint.api_key_env is None and endpoint.has_key:
            found = KEYS.key_of(endpoint)
            where = "api_key_file" if endpoint.api_key_file else "api_key_command"
            words = found.reason if isinstance(found, NoKey) else f"{where} gives one"
            yield Finding(f"key of {endpoint.name}", not isinstance(found, NoKey), words)


def _channels(database: str | None, declarations: Declarations | None) -> Iterator[Finding]:
    try:
        alerters = open_alerters(settings_of(database))
    except ProberError as error:
        yield Finding("channels", False, str(error))
        return
    yield Finding("channels", True, ", ".join(alerter.name for alerter in alerters))
    if declarations is not None and declarations.alerts.routes:
        routing = Routing(tuple(alerter.name for alerter in alerters), declarations.alerts)
        yield _tried("routes", lambda: _routes(routing))
    yield _tried("heartbeat", lambda: _heartbeat(database))
    for alerter in alerters:
        if isinstance(alerter, SlackBot):
            outcome = alerter.check()
            fix = "" if outcome.sent else "; check SLACK_BOT_TOKEN and that Slack can be reached"
            yield Finding("slack", outcome.sent, f"auth.test: {outcome.reason}{fix}")
