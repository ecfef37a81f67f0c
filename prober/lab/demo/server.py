"""The demo's provider: llama.cpp's own HTTP server in a child process, OpenAI-compatible, on this machine only.

One thread: two threads on two busy cores are several times slower than one. The child reads its standard input and
ends when that closes, so it cannot outlive its parent, however the parent ends.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from prober.lab.demo.weights import DemoUnavailable
from prober.model.errors import ProberError

CHILD = (sys.executable, "-m", "prober.lab.demo.server")
START_S = 60.0
STOP_S = 5.0


class ServerError(ProberError):
    """The demo's model server did not start, or ended by itself; the text names its log."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How a server computes and asks, the weights being the same. None leaves a thing to llama.cpp."""

    flash_attention: bool | None = None
    batch: int | None = None
    """Tokens of a prompt that are worked on at once."""
    cache_format: Literal["F16", "Q8_0", "Q4_0"] = "F16"
    """Of keys and values in the attention cache; a coarse one needs flash attention."""
    template: str | None = None
    """The chat template, in Jinja, instead of the model's own."""
    context: int = 1024
    """Tokens of a prompt and its reply together, at most."""


_AS_IT_COMES = Serving()


class ModelServer:
    """A model behind a fixed URL and a fixed name, whose weights can be swapped under both.

    Use as a context manager, or call `start` and `stop`.
    """

    def __init__(self, weights: Path, alias: str, log: Path, port: int = 0, serving: Serving = _AS_IT_COMES) -> None:
        """`log` is the file the server writes to; port 0 takes a free one."""
        self.weights = weights
        self.alias = alias
        self.log = log
        self.serving = serving
        self.port = port or free_port()
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What a declaration has as `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Return once the model answers; about a second. Raises ServerError, and DemoUnavailable without xllamacpp."""
        require_server()
        unusual = [json.dumps(asdict(self.serving))] if self.serving != _AS_IT_COMES else []
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [*CHILD, str(self.weights), str(self.port), self.alias, *unusual],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops its server in order
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        try:
            _wait_until(self._healthy, START_S, f"the model server did not start in {START_S:g} s; see {self.log}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the child; a second call does nothing."""
        child, self.child = self.child, None
        if child is None:
            return
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def swap(self, weights: Path) -> None:
        """Serve other weights under the same name and URL."""
        self.stop()
        self.weights = weights
        self.start()

    def _healthy(self) -> bool:
        if self.child is not None and self.child.poll() is not None:
            raise ServerError(f"the model server ended with code {self.child.returncode}; see {self.log}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def require_server() -> None:
    """Raise DemoUnavailable, which says what to install, unless llama.cpp's server is there."""
    # Only looked for: a wheel that does not suit the processor must end the child, not us.
    try:
        found = importlib.util.find_spec("xllamacpp")
    except ValueError:  # how the import system says that it is blocked
        found = None
    if found is None:
        raise DemoUnavailable("xllamacpp is not installed; run `pip install xllamacpp`")


def _wait_until(is_true: Callable[[], bool], patience_s: float, complaint: str) -> None:
    deadline = time.monotonic() + patience_s
    while not is_true():
        if time.monotonic() > deadline:
            raise ServerError(complaint)
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(weights: str, port: int, alias: str, serving: Serving = _AS_IT_COMES) -> None:
    """In the child: serve until standard input closes."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 4
    params.n_parallel = 1
    params.n_ctx = serving.context
    params.ui = False
    params.offline = True
    if serving.flash_attention is not None:
        kinds = xllamacpp.llama_flash_attn_type
        on, off = kinds.LLAMA_FLASH_ATTN_TYPE_ENABLED, kinds.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.flash_attn_type = on if serving.flash_attention else off
    if serving.batch is not None:
        params.n_ubatch = serving.batch
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type[f"GGML_TYPE_{serving.cache_format}"]
    if serving.template is not None:
        params.chat_template = serving.template
    server = xllamacpp.Server(params)
    sys.stdin.buffer.read()
    # Its threads need not be joined: nothing of the child is worth keeping.
    del server
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], *(Serving(**json.loads(each)) for each in sys.argv[4:]))
