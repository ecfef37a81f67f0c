"""`prober discover`: the probes that reveal most about an endpoint, and what is odd about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from prober.asking import open_provider
from prober.cli.database import open_store
from prober.cli.declared import Paths
from prober.cli.options import AsJson, now_utc
from prober.cli.output import Json, bars, complain, fix_of, print_json, say, table
from prober.lab.discover import Discovered, Search
from prober.lab.discover import discover as search
from prober.lab.discover.writing import default_output, header, progress_of, refuse_edited, write
from prober.loading.declarations import Declarations
from prober.loading.files import find, holds_budgets, holds_endpoints
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError, Problem
from prober.model.watch import cause_in_words
from prober.service.declarations import declarations_in
from prober.service.gates import VerbGates
from prober.text import count
from prober.tokens import output_limit

app = typer.Typer(add_completion=False)


@app.command()
def discover(
    endpoint_name: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its declared name.")],
    paths: Paths = None,
    budget_tokens: Annotated[
        int, typer.Option("--budget-tokens", metavar="N", min=1, help="Most tokens to spend, earlier runs included.")
    ] = 50_000,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="The file to write.", show_default="probes/discovered-ENDPOINT.yaml"
        ),
    ] = None,
    probes: Annotated[int, typer.Option("--probes", metavar="N", min=1, max=200, help="How many probes to keep.")] = 12,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Decides which prompts are tried first.")] = 0,
    owner: Annotated[str, typer.Option("--owner", metavar="WHO", help="Who owns the probe set.")] = "platform-team",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that was edited.")] = False,
    as_json: AsJson = False,
) -> int:
    """Find the probes that reveal most about an endpoint, within a budget of tokens, and write them as a probe set.

    Also reports whether the endpoint ignores the temperature, caches replies, or invents log-probabilities. If it is
    stopped, run the same command again: it continues. Exit code 3 if the endpoint does not answer or nothing was found.
    """
    declarations = _declared(paths)
    endpoint = declarations.endpoint(endpoint_name)
    target = _checked(output or default_output(endpoint.name), force)
    limit = output_limit(endpoint.parameters)
    plan = Search(
        budget_tokens=budget_tokens, wanted=probes, seed=seed, progress=progress_of(target), reply_limit=limit
    )
    _make_folder(target.parent)
    found = _searched(declarations, endpoint, plan)
    written = None
    if found.chosen and found.given_up is None:
        written = target
        notes = header(endpoint, seed, budget_tokens, found.spent_tokens, now_utc(), found.tried)
        _checked(target, force)  # it may have been edited meanwhile
        write(target, endpoint, found.chosen, owner, [*notes, *(finding.words for finding in found.findings)])
    if found.declared_budget and found.chosen:
        complain(
            f"Stopped early: {cause_in_words(found.declared_budget)}. "
            "Rounds count in the same budget, so they are not asked either until it has room again."
        )
    missing = _missing(found, endpoint, budget_tokens)
    if as_json:
        print_json(_as_json(found, endpoint, budget_tokens, written, missing))
    else:
        folders = paths or [Path("probes")]
        is_inside = any(target.resolve().is_relative_to(folder.resolve()) for folder in folders)
        read = (paths or []) if is_inside else [*folders, target]
        _show(found, endpoint, limit, written, "".join(f" {path}" for path in read), missing)
    return 3 if missing else 0


def _checked(target: Path, force: bool) -> Path:
    """A file that may be written. Raises ConfigurationError."""
    if target.suffix not in {".yaml", ".yml"} or holds_endpoints(target):
        raise ConfigurationError(
            [Problem(str(target), 0, "", "is not the name of a probe set file; write one such as a.yaml")]
        )
    if not force:
        refuse_edited(target)
    return target


def _searched(declarations: Declarations, endpoint: Endpoint, plan: Search) -> Discovered:
    """What is found while a bar shows the tokens spent."""
    try:
        with (
            closing(open_provider(endpoint)) as provider,
            VerbGates(declarations, lambda: open_store(None), now_utc) as gates,
            bars() as shown,
        ):
            bar = shown.add_task("Tokens", total=plan.budget_tokens)
            return search(
                endpoint,
                provider,
                plan,
                clock=now_utc,
                pause=time.sleep,
                report=lambda spent: shown.update(bar, completed=spent),
                gates=gates.of(endpoint, {}),
            )
    except KeyboardInterrupt:
        complain(f"Nothing is lost: {plan.progress} holds every reply so far. Run the same command again to continue.")
        raise


def _declared(paths: Sequence[Path] | None) -> Declarations:
    """Endpoints and budgets; no probe set has to exist yet."""
    problems: list[Problem] = []
    found = find(paths or [Path("probes")], problems)
    files = [file for file in found if holds_endpoints(file)]
    if not files:
        wrong = [each for each in problems if "holds no probe set" not in each.message]
        raise ConfigurationError(wrong or "no endpoint is declared; write probes/endpoints.yaml, or run prober init")
    return declarations_in(*files, *(file for file in found if holds_budgets(file)))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot be created ({error.strerror}); name another place with --output"
        raise ConfigurationError([Problem(str(folder), 0, "", message)]) from error


def _missing(found: Discovered, endpoint: Endpoint, budget_tokens: int) -> str:
    """Why no probe set was written; empty if one was."""
    if found.given_up is not None:
        failure, said = found.given_up.error or "", found.given_up.error_detail
        return (
            f"{endpoint.name} does not answer: {failure} ({said}); {fix_of(failure)}. Then run the same command again."
        )
    if found.chosen:
        return ""
    if any(finding.kind == "reply_cache" for finding in found.findings):
        return "No prompt was tried: the endpoint answers from a cache. Turn the cache off first."
    if found.declared_budget:
        until = "raise that limit in the file, or run the same command again once the budget starts again"
        return f"Too few asks were allowed to choose probes: {found.declared_budget}; {until}."
    if not found.tried:
        return f"--budget-tokens {budget_tokens} is too little to begin; raise it."
    return (
        f"None of {count(len(found.tried), 'prompt')} was asked often enough and gave more than one answer; "
        "raise --budget-tokens, or declare a higher temperature."
    )


def _show(
    found: Discovered, endpoint: Endpoint, limit: int | None, written: Path | None, read: str, missing: str
) -> None:
    """`read`: what the next verbs are to read, as arguments; empty where they find it themselves."""
    varied = sum(len(one.answers) > 1 for one in found.tried)
    known = f", {count(found.recalled, 'reply')} known from before" if found.recalled else ""
    say(
        f"{endpoint.name}: {count(len(found.tried), 'prompt')} tried, {varied} gave more than one answer; "
        f"{count(found.spent_tokens, 'token')} spent in all, {count(found.asks, 'ask')} made now{known}"
    )
    say(*(f"FOUND {finding.kind}: {finding.words}" for finding in found.findings))
    say(*(f"Not checked: {words}" for words in found.unchecked))
    if limit is None and endpoint.provider != "scripted":
        say("The endpoint declares no limit of output tokens (max_tokens), so the budget is an estimate.")
    if written:
        table(
            ("probe", "kind", "asks", "answers"),
            [(o.candidate.probe.id, o.candidate.kind, str(len(o.replies)), _answers(o.answers)) for o in found.chosen],
        )
        say(f"Wrote {written}. Next: prober validate{read}, then prober plan{read}.")
    if missing:
        say(missing)


def _answers(answers: dict[str, int]) -> str:
    ranked = sorted(answers.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{answer} {number}" for answer, number in ranked[:4]) + (", …" if len(ranked) > 4 else "")


def _as_json(found: Discovered, endpoint: Endpoint, budget_tokens: int, written: Path | None, missing: str) -> Json:
    return {
        "endpoint": endpoint.name,
        "budget_tokens": budget_tokens,
        "spent_tokens": found.spent_tokens,
        "asks": found.asks,
        "recalled": found.recalled,
        "findings": [asdict(finding) for finding in found.findings],
        "unchecked": list(found.unchecked),
        "tried": len(found.tried),
        "varied": sum(len(one.answers) > 1 for one in found.tried),
        "probes": [
            {
                "id": one.candidate.probe.id,
                "kind": one.candidate.kind,
                "prompt": one.candidate.probe.prompt,
                "asks": len(one.replies),
                "answers": dict(one.answers),
                "score": one.score,
            }
            for one in found.chosen
        ],
        "output": None if written is None else str(written),
        "missing": missing,
    }
