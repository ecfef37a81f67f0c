"""The command line, one file a verb, and the one place where errors become exit codes.

A verb returns its exit code: 0 clean · 1 a change was found · 2 usage or configuration error · 3 not enough evidence,
or the endpoint could not be reached. Adding a verb is a file with an `app`, and a row in `VERBS`.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from prober.model.errors import ConfigurationError, NotEnough, ProberError

if TYPE_CHECKING:
    from typer._click.core import Command, Context

VERBS: Final[Mapping[str, str]] = {
    "init": "Write an endpoint and starter probe sets into a folder.",
    "validate": "Check the declarations: every mistake in every file, with its line and how to fix it.",
    "plan": "Show what will be asked, how often, what it costs and what is promised. Sends nothing.",
    "power": "Show how large a change would be caught in a day and in a week, and what each probe adds.",
    "once": "Ask one round of every probe set now, judge it, and send the notices.",
    "run": "Run the daemon: ask on schedule, judge, and send notices until it is stopped.",
    "worker": "Ask the rounds that daemons on the same database schedule, from another machine or region.",
    "serve": "Serve metrics, the status of endpoints and a status page over HTTP.",
    "router": "Block and unblock the deployments of a LiteLLM proxy by the verdicts of their endpoints.",
    "demo": "Watch a model change silently and be caught. Needs no key.",
    "status": "Show the state of every endpoint.",
    "replay": "Judge a reply log round by round, as the daemon would have.",
    "compare": "Test whether two reply logs come from the same behaviour.",
    "gate": "Decide whether a candidate model, prompt or parameter may replace the reference.",
    "triage": "Find out what changed: your prompt, your configuration, the model, or something in between.",
    "ingest": "Take in samples of production traffic, and show what shifted.",
    "mark": "Record a deploy of your own, or which version is known to be good.",
    "versions": "List the versions of probes and endpoints, with commit, author and marks.",
    "candidates": "List what is asked beside an endpoint: edited prompts and shadows; accept one, or roll it back.",
    "slo": "Show how the declared quality objectives stand: share, error budget, burn rates.",
    "report": "Write a week of quality in sentences, to forward: sets, objectives, incidents, cost.",
    "retirement": "Show when the models of the endpoints are shut down, and who says so.",
    "incidents": "List, show and act on incidents: acknowledge, mute, accept, close.",
    "reference": "Show what later rounds are judged against, and since when.",
    "discover": "Find the probes that reveal most about an endpoint, and report what is odd about it.",
    "drill": "Rehearse an alarm: change a copy of the newest rounds, and send the notices as a drill.",
    "export": "Write every reply of completed rounds to a reply log.",
    "import": "Store reply logs in the database and judge them. Notifies nobody.",
    "db": "Show what the database holds, upgrade it, check it, prune it, back it up or restore it.",
    "dashboard": "Serve the dashboard.",
    "doctor": "Check the installation, declarations, keys, database, alerters, daemons and clocks.",
}
"""Verb → what it does. `prober.cli.<verb>` is imported only when the verb is called, so that help is quick."""


class Verbs(TyperGroup):
    """The verbs, each imported when it is called. Turns what they raise into exit codes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # By name and help only; typer lists them, and has a suggestion for a misspelt one.
        self.commands = {name: TyperCommand(name, help=words) for name, words in VERBS.items()}

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_verb(name) if command is not None and name else command, rest

    def invoke(self, ctx: Context) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except BaseException as error:
            if hasattr(error, "format_message"):  # wrong usage: typer reports it, with exit code 2
                _suggest(error)
                raise
            raise typer.Exit(exit_code(error)) from None


_MEANT: Final[Mapping[str, Sequence[str]]] = {
    "check": ("validate",), "lint": ("validate",), "test": ("validate",), "start": ("run",), "daemon": ("run",),
    "up": ("run",), "ls": ("list", "status"), "list": ("status",), "ps": ("status",), "ack": ("acknowledge",),
    "silence": ("mute",), "snooze": ("mute",), "resolve": ("close",), "migrate": ("upgrade",), "dump": ("backup",),
    "diff": ("compare",), "eval": ("once",), "ask": ("once",), "cost": ("plan",), "costs": ("plan",), "new": ("init",),
}  # fmt: skip
"""Verb of other tools → ours that means the same, where there is one."""
_UNKNOWN_VERB: Final = re.compile(r"No such command '(.+?)'\.")


def _suggest(wrong_usage: Any) -> None:
    """Typer suggests what is spelt alike: this adds what means the same, and takes out options that are not near."""
    near = getattr(wrong_usage, "possibilities", None) or ()
    if near:
        word = wrong_usage.option_name.lstrip("-")
        wrong_usage.possibilities = [
            one for one in near if difflib.SequenceMatcher(None, word, one.lstrip("-")).ratio() >= MOST_ALIKE
        ]
    unknown = _UNKNOWN_VERB.match(getattr(wrong_usage, "message", ""))
    if unknown is None:
        return
    verb, known = unknown[1], getattr(getattr(wrong_usage.ctx, "command", None), "commands", {})
    if verb == "help":
        wrong_usage.message = f"{unknown[0]} Write {wrong_usage.ctx.command_path} --help, or the same behind a verb."
    elif meant := next((one for one in _MEANT.get(verb, ()) if one in known), None):
        wrong_usage.message = f"{unknown[0]} Did you mean '{meant}'?"


MOST_ALIKE: Final = 0.7
"""How alike two options must be for one to be suggested, of 1."""


def load_verb(name: str) -> Command:
    """The command behind a verb."""
    module = import_module(f"prober.cli.{'import_' if name == 'import' else name}")
    command: Command = typer.main.get_command(module.app)
    command.name = name
    # Rich keeps line ends, so a paragraph wrapped at the width of the source would break badly on a narrow screen.
    command.help = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    return command


def exit_code(error: BaseException) -> int:
    """Report an error on standard error; gives the exit code for it."""
    from prober.cli.output import complain

    if os.environ.get("PROBER_DEBUG"):
        traceback.print_exception(error)
    if _received and not isinstance(error, SystemExit):  # even where a library replaced the exception
        complain("stopped")
        return 128 + _received[0]
    match error:
        case SystemExit():
            raise error
        case KeyboardInterrupt():
            complain("stopped")
            return 130
        case BrokenPipeError():
            return 141  # the reader went away, as after `| head`
        case ConfigurationError():
            complain(*map(str, error.problems))
            return 2
        case NotEnough():
            complain(str(error))
            return 3
        case ProberError():
            complain(str(error))
            return 2
        case OSError():
            complain(f"{error.filename or 'the system refused'}: {error.strerror or type(error).__name__}")
            return 2
        case _:
            complain(f"this is a bug: {type(error).__name__}: {error}; run with PROBER_DEBUG=1 for the traceback")
            return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` where there are no arguments) and give its exit code. Never raises."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 still gets every character
    # Arrays are small: threads of a linear algebra library would only wait for each other, and burn the processor.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    output = sys.stdout
    try:
        _catch_signals()
        typer.main.get_command(app).main(
            args=None if arguments is None else list(arguments), prog_name="prober", standalone_mode=True
        )
    except SystemExit as end:
        # Where the reader went away typer wraps the output, rich raises; both would say 1: a change was found.
        if sys.stdout is not output or isinstance(end.__context__, BrokenPipeError):
            return exit_code(BrokenPipeError())
        if _received and end.code in (130, 1):  # before the verb began
            return exit_code(KeyboardInterrupt())
        return _flushed(end.code if isinstance(end.code, int) else 2 if end.code else 0)
    except BaseException as error:  # while modules were read
        return exit_code(error)
    finally:
        while _again:
            _again.pop().cancel()
        for number, usual in _USUAL.items():
            if signal.getsignal(number) is _stop:
                signal.signal(number, usual)
        sys.unraisablehook = sys.__unraisablehook__
    return _flushed(0)


_USUAL: Final[Mapping[int, Any]] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
_received: Final[list[int]] = []
"""The signal that is ending this process."""
_again: Final[list[threading.Timer]] = []
STOPPED_WITHIN_S: Final = 15.0
"""After this time a process that should end gets the signal once more, and ends at once."""
AGAIN_S: Final = 0.05


def _catch_signals() -> None:
    """SIGTERM ends a verb in order, as Ctrl-C does. A verb may do better than that, as the daemon does."""
    _received.clear()
    for number, usual in _USUAL.items():
        if threading.current_thread() is threading.main_thread() and signal.getsignal(number) is usual:
            signal.signal(number, _stop)
            sys.unraisablehook = _stop_again


def _stop_again(lost: Any) -> None:
    """What is raised while Python runs a finalizer is lost, and the verb would go on: it is raised again soon."""
    if _received and lost.exc_type is KeyboardInterrupt:
        signal.signal(_received[-1], _stop)
        _kill_after(AGAIN_S, _received[-1])
    else:
        sys.__unraisablehook__(lost)


def _kill_after(seconds: float, number: int) -> None:
    again = threading.Timer(seconds, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
    _again.append(again)


def _stop(number: int, frame: object) -> None:
    signal.signal(number, _USUAL[number])  # a second one need not wait for what is being finished
    _received.append(number)
    _kill_after(STOPPED_WITHIN_S, number)
    raise KeyboardInterrupt


def _flushed(code: int) -> int:
    """The exit code, unless the output could not be written."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError):  # what is left cannot be written when Python ends, either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_code(error)
    return code


def _end(code: object, **_: object) -> None:
    raise typer.Exit(code if isinstance(code, int) else 0)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"canary-prober {version('canary-prober')}")
        except PackageNotFoundError:
            typer.echo("canary-prober, not installed")
        raise typer.Exit


app = typer.Typer(
    cls=Verbs,
    result_callback=_end,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def prober(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Tells you, with evidence, that a model you depend on has silently changed."""
