"""`prober init`: writes an endpoint that answers, and the starter probe sets that ask it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
import yaml

from prober.alerts import open_alerters
from prober.alerts.slack.manifest import manifest_link, trial_message
from prober.cli.database import open_store
from prober.cli.options import now_utc, settings_of
from prober.cli.output import NOT_REACHED, fix_of, say
from prober.cli.pipelines import PIPELINES, pipeline
from prober.cli.plan import planned_of
from prober.cli.starters import CORE, EXAMPLE, chosen_starters, of_endpoint, starter_sets, write_new
from prober.lab.learn import Learnt, endpoint_of, learn, undeclared
from prober.loading.declarations import Declarations, load
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError, NotEnough, ProberError
from prober.model.providers import PROVIDERS, base_url_of
from prober.model.shape import seconds
from prober.service.gates import VerbGates
from prober.text import count, visible

app = typer.Typer(add_completion=False)

_TOOLS: Final = "tools"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted, from options or from answers."""

    folder: Path
    model: str | None = None
    provider: str = "openai"
    base_url: str | None = None
    api_key_env: str | None = None
    name: str | None = None
    sets: tuple[str, ...] = ()
    trial: bool = False
    ask: bool = True
    slack: bool = False
    pipeline: str | None = None

    @property
    def key(self) -> str:
        """The variable that holds the key; empty where there is none."""
        return self.api_key_env or (PROVIDERS[self.provider].key_variable if self.base_url is None else "")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them.")] = Path("probes"),
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="Model to watch. Without it, the offline example is written."),
    ] = None,
    provider: Annotated[
        str, typer.Option("--provider", metavar="PROVIDER", help=f"One of {', '.join(PROVIDERS)}.")
    ] = "openai",
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="Where it is asked, if not at the provider's own address."),
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            "--api-key-env",
            metavar="VARIABLE",
            help="Environment variable that holds the key; by default the provider's usual one, with --base-url none.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What to call the endpoint.", show_default="from the model"),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SET",
            help="A starter set to write, or `all`; may be repeated.",
            show_default=", ".join(CORE),
        ),
    ] = None,
    trial: Annotated[
        bool,
        typer.Option(
            "--trial", help="To try it out: a reference of eight rounds a minute apart, then a round every hour."
        ),
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask the model up to eight times, to learn what it takes.")
    ] = True,
    slack: Annotated[
        bool,
        typer.Option("--slack", help="Show the link that creates the Slack app; send a test message if it is set up."),
    ] = False,
    ci: Annotated[
        Literal["github", "gitlab"] | None,
        typer.Option("--ci", help="Write a workflow that refuses pull requests whose prompts are answered worse."),
    ] = None,
) -> int:
    """Write an endpoint and starter probe sets into a folder; existing files are left alone.

    With --model, the endpoint is asked first: whether the key is good, and what it takes. On a terminal and without
    options, it asks you for what it needs.
    """
    wishes = Wishes(
        folder, model, provider, base_url, api_key_env, name, tuple(sets or ()), trial, ask, slack, ci
    )  # fmt: skip
    if wishes == Wishes(folder) and sys.stdin.isatty():
        wishes = _asked(folder)
    endpoint, key = _written(wishes)
    if wishes.pipeline:
        path, content = pipeline(wishes.pipeline, folder.as_posix().rstrip("/"), endpoint, key)
        write_new(Path(path).parent, {Path(path).name: content})
    code = _slack() if wishes.slack else 0
    _next(wishes, endpoint)
    return code


def _asked(folder: Path) -> Wishes:
    """What the person at the terminal answers."""
    kinds = [one for one, row in PROVIDERS.items() if row.formats]
    say("Press Enter to take the value in brackets.")
    model = typer.prompt("Model to watch (empty: a simulated one that needs no key)", default="", show_default=False)
    wishes = Wishes(folder, model or None)
    if model:
        provider = _one_of("Provider", kinds, "openai")
        base_url = typer.prompt("Its address (empty: the provider's own)", default="", show_default=False) or None
        usual = "" if base_url else PROVIDERS[provider].key_variable
        key = typer.prompt("Environment variable that holds the key", default=usual, show_default=bool(usual)) or None
        wishes = replace(wishes, provider=provider, base_url=base_url, api_key_env=key)
        wishes = replace(wishes, trial=typer.confirm("A short trial reference first, to see it work today?", True))
    for source in starter_sets():
        say(f"  {source.stem}: {yaml.safe_load(source.read_text(encoding='utf-8'))['description']}")
    chosen = typer.prompt("Probe sets, or all", default=" ".join(CORE)).replace(",", " ").split()
    slack = typer.confirm("Messages in Slack?", False)
    ci = _one_of("A workflow for pull requests", ["none", *PIPELINES], "none")
    return replace(wishes, sets=tuple(chosen), slack=slack, pipeline=None if ci == "none" else ci)


def _one_of(question: str, names: Sequence[str], default: str) -> str:
    while True:
        answer: str = typer.prompt(f"{question} ({', '.join(names)})", default=default)
        if answer in names:
            return answer
        say(f"{answer} is not one of them; {did_you_mean(answer, names)}")


def _written(wishes: Wishes) -> tuple[str, str]:
    """Writes the files and says what was learnt; the endpoint's name, and the variable of its key or nothing.

    Raises ConfigurationError and NotEnough, and has written nothing then.
    """
    folder = wishes.folder
    there = folder / "endpoints.yaml"
    if wishes.model is None and there.exists():
        found = load(there).endpoints[0]
        if wishes.sets:
            write_new(folder, of_endpoint(chosen_starters(wishes.sets), found.name, trial=wishes.trial))
        else:
            say(f"Left alone: {there} declares {found.name} already. `--set NAME` adds a starter set for it.")
        return found.name, found.api_key_env or ""
    chosen = chosen_starters(wishes.sets)
    if wishes.model is None:
        write_new(folder, of_endpoint(chosen, EXAMPLE, trial=wishes.trial))
        return EXAMPLE, ""
    if wishes.provider not in PROVIDERS or not PROVIDERS[wishes.provider].formats:
        others = [one for one, row in PROVIDERS.items() if row.formats]
        raise ConfigurationError(
            f"--provider: {wishes.provider} is not one of them; {did_you_mean(wishes.provider, others)}"
        )
    called = wishes.name or _name_of(wishes.model)
    declared: dict[str, object] = {"provider": wishes.provider, "model": wishes.model}
    if wishes.base_url is not None:
        declared["base_url"] = wishes.base_url
    if wishes.key:
        declared["api_key_env"] = wishes.key
    if wishes.trial:
        declared["reference"] = "trial"
    with VerbGates(_found_in(folder), lambda: open_store(None), now_utc) as gates:
        learnt = learn(called, declared, gates) if wishes.ask else undeclared(called, declared)
    if learnt.reply is not None and not learnt.answers:
        raise _silent(called, learnt)
    header = "# yaml-language-server: $schema=endpoints.schema.json\n\n"
    body = yaml.safe_dump({"endpoints": {called: dict(learnt.declared)}}, sort_keys=False, allow_unicode=True)
    taken = [one for one in chosen if one.stem != _TOOLS or learnt.takes_tools]
    files = of_endpoint(taken, called, trial=wishes.trial)
    kept = write_new(folder, files | {"endpoints.yaml": (header + body).encode()})
    if learnt.reply is not None:
        say(_of_reply(called, wishes.model, learnt))
    if not learnt.takes_tools and _TOOLS in (one.stem for one in chosen):
        say("The set tools was left out, because the model takes none.")
    if "endpoints.yaml" in kept:
        say(f"Add to {folder / 'endpoints.yaml'}, and name it in the probe sets that exist:", "", body.rstrip())
    else:
        _say_plan(load(folder), called, wishes.trial)
    return called, wishes.key


def _found_in(folder: Path) -> Declarations:
    """What is declared there already, budgets among it; nothing where it cannot be read."""
    try:
        return load(folder) if folder.is_dir() else Declarations((), ())
    except ConfigurationError:
        return Declarations((), ())


_NOT_WRITTEN: Final = "Nothing was written; --no-ask writes the files without asking"


def _silent(name: str, learnt: Learnt) -> ProberError:
    """Why the model does not answer: NotEnough where it cannot be reached, else ConfigurationError."""
    reply = learnt.reply
    assert reply is not None
    said = f"{reply.failure}: {reply.error_detail}" if reply.error_detail else str(reply.failure)
    where = base_url_of(endpoint_of(name, learnt.declared))
    if reply.failure == "missing_key" and reply.error_detail:  # nothing was asked, and it says what to do
        return ConfigurationError(f"{reply.error_detail}. {_NOT_WRITTEN}")
    fix = fix_of(str(reply.failure))
    if reply.failure == "unauthorized" and "api_key_env" not in learnt.declared:
        fix = (
            "no key was sent, for an address of your own gets none unless you name its variable: --api-key-env VARIABLE"
        )
    wrong: type[ProberError] = NotEnough if reply.failure in NOT_REACHED else ConfigurationError
    return wrong(f"{learnt.declared['model']} at {where} does not answer ({said}); {fix}. {_NOT_WRITTEN}")


def _of_reply(name: str, model: str, learnt: Learnt) -> str:
    words = f"{name} answers"
    reply = learnt.reply
    if reply is not None and reply.model and reply.model != model:
        served = visible(reply.model, 80, lines=False)
        words += f", as {served}: if that is a dated version, write it as `model`, for {model} may move to another"
    return " ".join([f"{words}.", *learnt.findings])


def _say_plan(declarations: Declarations, name: str, trial: bool) -> None:
    plan = planned_of(declarations, declarations.endpoint(name), None, now_utc())
    asks = sum(one.asks_per_day for one in plan.sets)
    dollars = "" if plan.cost is None else f"; cost {plan.cost.words}"
    warm_up = declarations.endpoint(name).reference.warm_up
    days = max((one.reference_days for one in plan.sets), default=0.0)
    from_when = f"after about {count(round(days, 1), 'day')}"
    if warm_up and days <= (burst_days := warm_up.rounds * seconds(warm_up.pause) / 86_400):
        minutes = burst_days * 1440
        from_when = f"after {count(warm_up.rounds, 'round')}, about {count(round(minutes), 'minute')} from the start"
    say(
        f"{name} will be asked {count(round(asks), 'time')} a day{dollars}. "
        "Facts and checks are watched from the first reply on; "
        f"evidence of a change counts {from_when}."
    )
    if trial:
        say("Then a round every hour, to try it out; each file says which schedule to write when you rely on it.")


def _slack() -> int:
    """The link, or a test message where Slack is set up; the exit code."""
    settings = settings_of()
    alerter = next((one for one in open_alerters(settings) if one.name == "slack"), None)
    if alerter is None:
        say("", "Slack: create the app, install it, and invite it to your channel:", f"  {manifest_link()}")
        say("  Then set SLACK_BOT_TOKEN and PROBER_SLACK_CHANNEL; `prober init --slack` sends a test message.")
        return 0
    outcome = alerter.send(trial_message(now_utc(), settings.dashboard_url))
    if outcome.sent:
        say("", "Slack: a test message was sent.")
        return 0
    say(
        "",
        f"Slack: the test message was not sent ({outcome.reason}); `prober doctor` looks at the token and its scopes.",
    )
    return 2 if outcome.permanent else 3


def _next(wishes: Wishes, endpoint: str) -> None:
    folder, steps = wishes.folder, list[str]()
    if endpoint == EXAMPLE:
        steps.append(f"describe your endpoint in {folder / 'endpoints.yaml'}, and name it in the probe sets")
    steps += [f"prober {verb} {folder}" for verb in ("validate", "plan", "run")]
    say("", "Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1)))
    if not wishes.trial and wishes.model is not None:
        say("To see it work today, write `reference: trial` in the endpoint, and `every: 1h` in the sets.")


def _name_of(model: str) -> str:
    """What an endpoint may be called, from its model: the last part of the path, in characters that names may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model.rstrip("/").rsplit("/", 1)[-1]).strip("-._") or "endpoint"
