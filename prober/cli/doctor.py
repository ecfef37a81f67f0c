"""`prober doctor`: is everything in place? Each check says what it found, why that matters, and how to fix it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from prober.alerts import ALERTERS, Alerter, open_alerters
from prober.alerts.post import open_ping
from prober.alerts.slack.bot import SlackBot
from prober.alerts.slack.manifest import SCOPES
from prober.asking import open_provider
from prober.asking.access import KEYS, NoKey, access_of, signed
from prober.asking.http_provider import HttpProvider
from prober.cli.database import open_store
from prober.cli.declared import Paths, declared
from prober.cli.findings import Finding, Level, of_database
from prober.cli.options import AsJson, Database, now_utc, settings_of
from prober.cli.output import NOT_REACHED, fix_of, print_json, say
from prober.fingerprint.embedding import WORDLLAMA
from prober.fingerprint.feature import EmbedderUnavailable
from prober.incidents.routing import Routing
from prober.loading.connection_rules import cache_warning
from prober.loading.declarations import Declarations
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.errors import NotEnough, ProberError
from prober.model.providers import CLOUDS, auth_of, base_url_of
from prober.model.watch import CLOCK_SLACK
from prober.service.gates import VerbGates
from prober.settings import Settings, secret
from prober.text import count

app = typer.Typer(add_completion=False)

SHOWN: Final[dict[Level, str]] = {"ok": "ok", "warning": "WARNING", "problem": "PROBLEM", "unreachable": "PROBLEM"}


@app.command()
def doctor(
    paths: Paths = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask each endpoint one probe, to check its key, clock and caches.")
    ] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Check the installation, declarations, keys (by name only), database, alerters, daemons and clocks.

    Exit code 2 for a problem; else 3 if an endpoint cannot be reached (with --ask); else 0, warnings included.
    """
    findings = list(_findings(paths, database, ask))
    if as_json:
        shown = [
            {"about": one.about, "ok": one.ok, "level": one.level, "words": one.words, "why": one.why, "fix": one.fix}
            for one in findings
        ]
        print_json({"ok": all(one.ok for one in findings), "findings": shown})
    else:
        for one in findings:
            say(f"{SHOWN[one.level]:<7}  {one.about}: {one.words}", *([f"         {one.why}"] if one.why else []))
    levels = {one.level for one in findings}
    return 2 if "problem" in levels else 3 if "unreachable" in levels else 0


def _findings(paths: Sequence[Path] | None, database: str | None, ask: bool) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}")
    yield installed_packages()
    yield _tried("embedder", loaded_embedder)
    declarations, finding = _declared(paths)
    try:
        settings = settings_of(database)
    except ProberError as error:
        yield from (finding, Finding("settings", "problem", str(error)))
        return
    yield from of_database(settings, declarations)
    yield finding
    if declarations is not None:
        yield from _keys(declarations)
        for endpoint in declarations.endpoints:
            if warning := cache_warning(endpoint):
                yield Finding(f"cache of {endpoint.name}", "warning", warning)
        if ask:
            yield from _asked(declarations, database)
    yield from _alerters(settings, declarations)


def _tried(about: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(about, "ok", look())
    except (ProberError, EmbedderUnavailable) as error:
        return Finding(about, "problem", str(error))


def installed_packages() -> Finding:
    try:
        installed = version("canary-prober")
    except PackageNotFoundError:
        found = "canary-prober itself is not installed"
        return Finding("packages", "problem", found, "run pip install . in its folder")
    missing: list[str] = []
    for requirement in requires("canary-prober") or []:
        name, _, marker = requirement.partition(";")
        if "extra" in marker:  # of an optional feature
            continue
        name = name.split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip()
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("packages", "problem", f"{', '.join(missing)} missing", f"pip install {' '.join(missing)}")
    return Finding("packages", "ok", f"canary-prober {installed} and its dependencies")


def loaded_embedder() -> str:
    WORDLLAMA.embed("a word")
    return WORDLLAMA.source


def _declared(paths: Sequence[Path] | None) -> tuple[Declarations | None, Finding]:
    if not paths and not Path("probes").exists():
        return None, Finding("declarations", "warning", "none here yet", "prober init writes the first ones")
    try:
        found = declared(paths)
    except ProberError as error:
        why = "A running daemon keeps what was declared before; a new one cannot start."
        return None, Finding("declarations", "problem", str(error), why=why)
    counts = f"{count(len(found.sets), 'probe set')}, {count(len(found.endpoints), 'endpoint')}"
    return found, Finding("declarations", "ok", counts)


def _keys(declarations: Declarations) -> Iterator[Finding]:
    names = {name for one in declarations.endpoints for name in (one.api_key_env, *one.variables) if name}
    for name in sorted(names):
        if secret(name) is not None:
            yield Finding(f"key {name}", "ok", "is set")
        else:
            yield Finding(f"key {name}", "problem", "is not set", f"export {name}=… where the prober runs")
    for endpoint in declarations.endpoints:
        if auth_of(endpoint) in CLOUDS:
            access = access_of(endpoint, KEYS)
            if not isinstance(access, NoKey):
                access = signed(endpoint, access, base_url_of(endpoint), {}, b"")
            if isinstance(access, NoKey):
                yield Finding(f"key of {endpoint.name}", "problem", access.reason)
            else:
                yield Finding(f"key of {endpoint.name}", "ok", f"{auth_of(endpoint)} gives credentials")
        elif endpoint.api_key_env is None and endpoint.has_key:
            found = KEYS.key_of(endpoint)
            where = "api_key_file" if endpoint.api_key_file else "api_key_command"
            if isinstance(found, NoKey):
                yield Finding(f"key of {endpoint.name}", "problem", found.reason)
            else:
                yield Finding(f"key of {endpoint.name}", "ok", f"{where} gives one")


def _asked(declarations: Declarations, database: str | None) -> Iterator[Finding]:
    """One ask of each endpoint that a probe set names."""
    first = {name: one for one in reversed(declarations.sets) for name in one.endpoints}
    with VerbGates(declarations, lambda: open_store(database), now_utc) as gates:
        for endpoint in declarations.endpoints:
            if endpoint.name in first:
                yield from _answer(endpoint, first[endpoint.name], gates)


def _answer(endpoint: Endpoint, probe_set: ProbeSet, gates: VerbGates) -> Iterator[Finding]:
    about, probe = f"ask of {endpoint.name}", probe_set.probes[0]
    with closing(open_provider(endpoint)) as provider:
        try:
            reply = gates.ask(provider, endpoint, probe, probe_set=probe_set.name)
        except NotEnough as refused:
            yield Finding(about, "warning", f"not asked: {refused}", fix_of(str(refused).partition(":")[0]))
            return
        except ProberError as error:
            yield Finding(about, "problem", str(error))
            return
        ahead_s = provider.clock_ahead_s if isinstance(provider, HttpProvider) else None
    failure = reply.failure
    if failure is None:
        yield Finding(about, "ok", f"answered as {reply.model}" if reply.model else "answered")
    else:
        said = f"{failure}: {reply.error_detail}" if reply.error_detail else failure
        level: Level = "warning" if failure == "cached" else "unreachable" if failure in NOT_REACHED else "problem"
        yield Finding(about, level, said, fix_of(failure))
    if ahead_s is not None and abs(ahead_s) > CLOCK_SLACK.total_seconds():
        found = f"this machine and {endpoint.name} differ by {abs(ahead_s):.0f} s"
        why = "Rounds are ordered and due by this clock."
        yield Finding("clock", "warning", found, "check the time service of this machine", why)


def _alerters(settings: Settings, declarations: Declarations | None) -> Iterator[Finding]:
    try:
        alerters = open_alerters(settings)
    except ProberError as error:
        yield Finding("alerters", "problem", str(error))
        return
    yield Finding("alerters", "ok", ", ".join(alerter.name for alerter in alerters))
    if declarations is not None and declarations.alerts.routes:
        routing = Routing(tuple(alerter.name for alerter in alerters), declarations.alerts)
        yield _tried("routes", lambda: _routes(routing))
    yield _tried("heartbeat", lambda: _heartbeat(settings))
    yield from _dashboard(settings, alerters)
    for alerter in alerters:
        if isinstance(alerter, SlackBot):
            yield from _slack(alerter)


def _routes(routing: Routing) -> str:
    routing.check(ALERTERS)
    return "lead to alerters that are configured here"


def _heartbeat(settings: Settings) -> str:
    pinged = open_ping(settings) is not None
    return "is pinged while the daemon is healthy" if pinged else "none; set PROBER_HEARTBEAT_URL to have one"


def _dashboard(settings: Settings, alerters: Sequence[Alerter]) -> Iterator[Finding]:
    host = urlsplit(settings.dashboard_url).hostname or ""
    if (host in {"localhost", "::1"} or host.startswith("127.")) and any(one.name != "log" for one in alerters):
        found = f"messages link to {settings.dashboard_url}, which only opens on this machine"
        yield Finding("dashboard", "warning", found, "set PROBER_DASHBOARD_URL to the address that your team uses")


def _slack(bot: SlackBot) -> Iterator[Finding]:
    outcome = bot.check()
    if not outcome.sent:
        fix = "check SLACK_BOT_TOKEN and that Slack can be reached"
        yield Finding("slack", "problem", f"auth.test: {outcome.reason}", fix)
        return
    yield Finding("slack", "ok", f"auth.test: {outcome.reason}")
    for scope in sorted(bot.missing_scopes(SCOPES)):
        level: Level = "problem" if scope == "chat:write" else "warning"
        fix = "add it to the Slack app and install the app again"
        yield Finding("slack", level, f"the app lacks the scope {scope}", fix, SCOPES[scope])
