"""`prober serve`: serves what is in the database over HTTP."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from prober.api.listener import listening
from prober.cli.options import Database, LogFormat, PostedSamples, Public, now_utc, settings_of
from prober.cli.output import complain
from prober.daemon.log import log_as

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    listen: Annotated[
        str,
        typer.Option("--listen", metavar="HOST:PORT", help="Address to serve; others than this machine need a token."),
    ] = "127.0.0.1:9464",
    public: Public = False,
    rules: PostedSamples = None,
    log_format: LogFormat = None,
    database: Database = None,
) -> int:
    """Serve metrics, the status of endpoints and a status page over HTTP until SIGTERM or Ctrl-C. Asks nothing.

    `prober run --listen` serves the same from the daemon. /openapi.json describes every address.
    """
    settings = settings_of(database)
    log_as(log_format or settings.log)
    ended = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)  # the second one ends the process at once
        ended.set()

    with listening(listen, settings, now_utc, is_public=public, rules=rules) as address:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, stop)
        complain(f"Serving on http://{address}/ (Ctrl-C ends it)")
        ended.wait()
    return 0
