"""`prober init`: writes an endpoint that answers, and the starter probe sets that ask it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Optional

import typer
import yaml

from prober.asking import open_provider
from prober.cli.options import now_utc
from prober.cli.output import NOT_REACHED, fix_of, say
from prober.cli.plan import planned_of
from prober.loading import Declarations, load
from prober.loading.validation_errors import did_you_mean
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError, NotEnough, ProberError
from prober.model.providers import PROVIDERS, base_url_of
from prober.model.refused_parameters import known_refusals
from prober.model.reply import Reply
from prober.text import visible

app = typer.Typer(add_completion=False)

_PLAIN: Final[dict[str, object]] = {"temperature": 1, "max_tokens": 200}
PARAMETERS: Final[Mapping[str, Sequence[Mapping[str, object]]]] = {
    "openai": (
        _PLAIN | {"logprobs": True, "top_logprobs": 5},
        _PLAIN,
        {"max_tokens": 200},
        {"max_completion_tokens": 1000},  # reasoning takes part of it
    ),
    "anthropic": (_PLAIN, {"max_tokens": 200}),
    "google": (
        {"generationConfig": {"temperature": 1, "maxOutputTokens": 1000}},
        {"generationConfig": {"maxOutputTokens": 1000}},
    ),
    "bedrock": ({"inferenceConfig": {"temperature": 1, "maxTokens": 200}}, {"inferenceConfig": {"maxTokens": 200}}),
}
"""Provider → parameters to try, those that show most about the model first."""
_EXAMPLE: Final = "offline-demo"
"""The endpoint of the starter sets, until another takes its place."""
_HELLO: Final = Probe(id="hello", prompt="Name one colour. Answer with one word.")


@dataclass(frozen=True, slots=True)
class Learnt:
    """An endpoint as it is to be declared, and what it answered; None where it was not asked."""

    endpoint: Mapping[str, object]
    reply: Reply | None


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write them.")] = Path("probes"),
    model: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--model", metavar="MODEL", help="Model to watch. Without it, the offline example is written."),
    ] = None,
    provider: Annotated[str, typer.Option("--provider", help=f"One of {', '.join(PROVIDERS)}.")] = "openai",
    base_url: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--base-url", metavar="URL", help="Where it is asked, if not at the provider's own address."),
    ] = None,
    api_key_env: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--api-key-env",
            metavar="VARIABLE",
            help="Environment variable that holds the key; by default the provider's usual one.",
        ),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--name", metavar="NAME", help="What to call the endpoint.", show_default="from the model"),
    ] = None,
    sets: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="SET", help="A starter set to write; may be repeated.", show_default="all"),
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="A short reference of eight rounds a minute apart, to try it out.")
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask the model a few times, to learn what it takes.")
    ] = True,
) -> int:
    """Write an endpoint and starter probe sets into a folder; existing files are left alone.

    With --model, the endpoint is asked first: whether the key is good, and which parameters it takes.
    """
    chosen = _chosen(starter_files(), sets or [])
    if model is None:
        _write(folder, {source.name: source.read_bytes() for source in chosen})
        _next(folder, described=False)
        return 0
    if provider not in PROVIDERS or not PROVIDERS[provider].formats:
        others = [one for one, row in PROVIDERS.items() if row.formats]
        raise ConfigurationError(f"--provider: {provider} is none of them; {did_you_mean(provider, others)}")
    called = name or _name_of(model)
    declared: dict[str, object] = {"provider": provider, "model": model}
    if base_url is not None:
        declared["base_url"] = base_url
    key = api_key_env or (PROVIDERS[provider].key_variable if base_url is None else "")
    if key:
        declared["api_key_env"] = key
    if trial:
        declared["reference"] = "trial"
    learnt = _learnt(called, declared, ask)
    header = "# yaml-language-server: $schema=endpoints.schema.json\n\n"
    body = yaml.safe_dump({"endpoints": {called: dict(learnt.endpoint)}}, sort_keys=False, allow_unicode=True)
    files = {source.name: source.read_bytes() for source in chosen}
    files = {each: content.replace(f"[{_EXAMPLE}]".encode(), f"[{called}]".encode()) for each, content in files.items()}
    kept = _write(folder, files | {"endpoints.yaml": (header + body).encode()})
    if learnt.reply is not None:
        say(_of_reply(called, model, learnt.reply))
    if "endpoints.yaml" in kept:
        say(f"Add to {folder / 'endpoints.yaml'}, and name it in the probe sets that exist:", "", body.rstrip())
    else:
        _say_plan(load(folder), called)
    _next(folder, described=True)
    return 0


def _learnt(name: str, declared: Mapping[str, object], ask: bool) -> Learnt:
    """The first parameters with which the model answers. Raises ConfigurationError where it answers with none, and
    NotEnough where it cannot be reached."""
    reply = None
    for parameters in PARAMETERS[str(declared["provider"])]:
        trying = {**declared, "parameters": dict(parameters)}
        unchecked: dict[str, Any] = {"name": name, **trying}
        if known_refusals(Endpoint.model_construct(**unchecked)):
            continue
        endpoint = _endpoint(name, trying)
        if not ask:
            return Learnt(trying, None)
        with closing(open_provider(endpoint)) as provider:
            reply = provider.ask(endpoint, _HELLO, 0, now_utc())
        if reply.failure is None or reply.failure in {"cached", "empty"}:
            return Learnt(trying, reply)
        if reply.failure not in {"bad_request", "unsupported_parameter"}:
            break
    assert reply is not None
    said = f"{reply.failure}: {reply.error_detail}" if reply.error_detail else str(reply.failure)
    where = base_url_of(endpoint)
    wrong: type[ProberError] = NotEnough if reply.failure in NOT_REACHED else ConfigurationError
    raise wrong(
        f"{declared['model']} at {where} does not answer ({said}); {fix_of(str(reply.failure))}. Nothing was written; "
        "--no-ask writes it without asking"
    )


def _endpoint(name: str, declared: Mapping[str, object]) -> Endpoint:
    """As any file would be read. Raises ConfigurationError in the words that `validate` has."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "endpoints.yaml")
        file.write_text(yaml.safe_dump({"endpoints": {name: dict(declared)}}), encoding="utf-8")
        try:
            (endpoint,) = load(file).endpoints
        except ConfigurationError as error:
            raise ConfigurationError([replace(each, path="", line=0) for each in error.problems]) from None
    return endpoint


def _of_reply(name: str, model: str, reply: Reply) -> str:
    log_probabilities = "with" if reply.top_logprobs else "without"
    words = f"{name} answers, {log_probabilities} log-probabilities"
    if reply.model and reply.model != model:
        served = visible(reply.model, 80, lines=False)
        words += f", as {served}: if that is a dated version, write it as `model`, for {model} may move to another"
    return f"{words}."


def _say_plan(declarations: Declarations, name: str) -> None:
    plan = planned_of(declarations, declarations.endpoint(name), None, now_utc())
    asks = sum(one.asks_per_day for one in plan.sets)
    dollars = "" if plan.cost is None else f"; cost {plan.cost.words}"
    days = max((one.reference_days for one in plan.sets), default=0.0)
    extra = " or sooner, with the extra rounds of a trial" if declarations.endpoint(name).reference.warm_up else ""
    say(
        f"{name} will be asked {asks:,.0f} times a day{dollars}. Facts and checks are watched from the first reply on; "
        f"evidence of a change counts from about {days:.1f} days on{extra}."
    )


def _chosen(starters: Sequence[Path], sets: Sequence[str]) -> tuple[Path, ...]:
    """The starter files of these sets, with all that is no set; all where none is named."""
    names = [one.stem for one in starters if one.suffix == ".yaml" and one.stem != "endpoints"]
    for wanted in sets:
        if wanted not in names:
            raise ConfigurationError(f"--set: there is no starter set {wanted}; {did_you_mean(wanted, names)}")
    return tuple(one for one in starters if not sets or one.stem in sets or one.stem not in names)


def _write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Writes the files that do not exist yet, says which, and gives the names of the others."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            try:
                with (folder / name).open("xb") as file:
                    file.write(content)
                written.append(name)
            except FileExistsError:
                continue
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    kept = [name for name in files if name not in written]
    if written:
        say(f"Wrote {', '.join(written)} into {folder}/.")
    if kept:
        say(f"Left alone in {folder}/, because they exist: {', '.join(kept)}.")
    return kept


def _next(folder: Path, *, described: bool) -> None:
    first = (
        [] if described else [f"describe your endpoint in {folder / 'endpoints.yaml'}, and name it in the probe sets"]
    )
    steps = [*first, *(f"prober {verb} {folder}" for verb in ("validate", "plan", "run"))]
    say("", "Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1)))


def _name_of(model: str) -> str:
    """What an endpoint may be called, from its model: the last part of the path, in characters that names may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model.rstrip("/").rsplit("/", 1)[-1]).strip("-._") or "endpoint"


def starter_files() -> tuple[Path, ...]:
    """The starter probe sets and their schemas: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    for home in (package / "starter", package.parent / "probes"):
        if home.is_dir():
            return tuple(sorted(path for path in home.iterdir() if path.suffix in {".yaml", ".json"}))
    raise ConfigurationError("this installation has no starter probe sets; reinstall canary-prober")
