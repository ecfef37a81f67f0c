"""How fast a round is asked, compared with a bare loop of the same HTTP client, and with promptfoo."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from benchmarks.part import Effort, Part
from prober.asking import open_provider
from prober.incidents.routing import NOBODY
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule
from prober.service import run_round
from prober.store import Store

AT_ONCE: Final = 32
DELAY_S: Final = 0.05
PROBES: Final = 10
SAMPLES: Final = 50
ASKS: Final = PROBES * SAMPLES
REPETITIONS: Final = 5

SERVER: Final = """
import asyncio, json, sys

BODY = json.dumps({
    "model": "m-1", "system_fingerprint": "fp_1", "usage": {"prompt_tokens": 12, "completion_tokens": 2},
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Teal"}, "finish_reason": "stop"}],
}).encode()
HEAD = ("HTTP/1.1 200 OK", "content-type: application/json", "connection: keep-alive", f"content-length: {len(BODY)}")
ANSWER = "\\r\\n".join([*HEAD, "", ""]).encode() + BODY
NOTHING_HERE = b"HTTP/1.1 404 Not Found\\r\\nconnection: keep-alive\\r\\ncontent-length: 0\\r\\n\\r\\n"

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            if head.startswith(b"POST "):
                lines = head.lower().split(b"\\r\\n")
                await reader.readexactly(next(int(line[15:]) for line in lines if line.startswith(b"content-length:")))
                await asyncio.sleep(float(sys.argv[1]))
                writer.write(ANSWER)
            else:
                writer.write(NOTHING_HERE)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""
"""An endpoint in a process of its own: every answer takes as long, and connections are kept. A round also asks for the
pages on which servers describe themselves (`prober.asking.metadata`); this one has none."""


@dataclass(frozen=True)
class Speed:
    """Medians of the repetitions."""

    asks_per_second: float
    cpu_ms: float
    """Of an ask: of this process, the server apart."""


@dataclass(frozen=True)
class Asking:
    """The numbers."""

    asks: int
    repetitions: int
    bare: Speed
    ours: Speed
    speed_ratio: float
    """Median over the repetitions of ours / bare, each pair one after the other."""
    cpu_ratio: float
    promptfoo: Speed | None
    """None where it does not run; its CPU is not measured."""


def measure(effort: Effort) -> Asking:
    """Bare and ours in turn, so that whatever else the machine does meets both."""
    repetitions = effort.times(REPETITIONS)
    bare, ours = list[tuple[float, float]](), list[tuple[float, float]]()
    with _server() as url, tempfile.TemporaryDirectory() as folder:
        with Store.open(f"sqlite:///{folder}/prober.db") as store:
            _ours(url, store, 0)  # loads what is loaded once
            for number in range(1, repetitions + 1):
                bare.append(_bare(url))
                ours.append(_ours(url, store, number))
        promptfoo = _promptfoo(url, Path(folder))
    pairs = list(zip(ours, bare, strict=True))
    return Asking(
        asks=ASKS,
        repetitions=repetitions,
        bare=_speed(bare),
        ours=_speed(ours),
        speed_ratio=median(other[0] / own[0] for own, other in pairs),
        cpu_ratio=median(own[1] / other[1] for own, other in pairs),
        promptfoo=promptfoo,
    )


def _speed(runs: list[tuple[float, float]]) -> Speed:
    return Speed(ASKS / median(wall for wall, _ in runs), 1000 * median(cpu for _, cpu in runs) / ASKS)


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(DELAY_S)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def _bare(url: str) -> tuple[float, float]:
    """(wall, CPU) seconds of the asks by the HTTP client alone, with threads and kept connections."""
    body = {"model": "m", "messages": [{"role": "user", "content": _prompt(0)}]}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=AT_ONCE)
    with httpx.Client(limits=limits) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        wall, cpu = time.perf_counter(), time.process_time()
        for answer in pool.map(lambda _: client.post(f"{url}/chat/completions", json=body).json(), range(ASKS)):
            assert answer["choices"][0]["message"]["content"] == "Teal"
        return time.perf_counter() - wall, time.process_time() - cpu


def _ours(url: str, store: Store, number: int) -> tuple[float, float]:
    """(wall, CPU) seconds of a whole round: asked, recorded, fingerprinted, judged and settled."""
    endpoint = Endpoint(name="e", provider="openai", model="m", base_url=url, concurrency=AT_ONCE)
    probes = tuple(Probe(id=f"p{n}", prompt=_prompt(n), samples=SAMPLES) for n in range(PROBES))
    probe_set = ProbeSet(name="s", owner="us", endpoints=("e",), schedule=Schedule(every="1h"), probes=probes)
    due = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    promise = Promise(1.0, 8766.0, ReferenceRule())
    with closing(open_provider(endpoint)) as provider:
        wall, cpu = time.perf_counter(), time.process_time()
        result = run_round.run(probe_set, endpoint, promise, provider, store, NOBODY, due)
        took = time.perf_counter() - wall, time.process_time() - cpu
    assert (result.asked, result.failures) == (ASKS, ())
    return took


def _prompt(number: int) -> str:
    return f"Pick a colour. Reply with one word. ({number})"


def _promptfoo(url: str, folder: Path) -> Speed | None:
    """The same asks by promptfoo, start-up within; None where it is not there, or does not run with this Node."""
    program = shutil.which("promptfoo")
    if program is None or subprocess.run([program, "--version"], check=False, capture_output=True).returncode:
        return None
    provider = {"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "none"}}
    tests = [{"vars": {"n": number % PROBES}} for number in range(ASKS)]
    prompts = [_prompt(0).replace("0", "{{n}}")]
    config = folder / "promptfoo.json"
    config.write_text(json.dumps({"prompts": prompts, "providers": [provider], "tests": tests}))
    command = [program, "eval", "-c", str(config), "-j", str(AT_ONCE), "--no-cache", "--no-table", "--no-progress-bar"]
    wall = time.perf_counter()
    subprocess.run([*command, "-o", str(folder / "out.json")], check=True, capture_output=True, cwd=folder)
    return Speed(ASKS / (time.perf_counter() - wall), 0.0)


def lines(result: Asking) -> list[str]:
    """How, and what was found."""
    if result.promptfoo is None:
        promptfoo = ["promptfoo was not measured: it needs `promptfoo` on the path, and the Node that it runs with."]
    else:
        promptfoo = [f"promptfoo, start-up within: {result.promptfoo.asks_per_second:.0f} asks a second."]
    return [
        f"{result.asks} asks of a server that answers after {DELAY_S * 1000:.0f} ms, always with the same word, "
        f"{AT_ONCE} at once. *Bare* is httpx with threads and kept connections, which reads the JSON and keeps "
        "nothing; *ours* a whole round: asked, recorded in SQLite as replies come in, fingerprinted, judged and "
        "settled. Start-up apart; medians of "
        f"{result.repetitions} repetitions in turn, by `python -m benchmarks asking`.",
        "",
        "| | asks a second | CPU an ask |",
        "|---|---|---|",
        f"| bare httpx | {result.bare.asks_per_second:.0f} | {result.bare.cpu_ms:.2f} ms |",
        f"| ours | {result.ours.asks_per_second:.0f} | {result.ours.cpu_ms:.2f} ms |",
        f"| ratio, median of pairs | {result.speed_ratio:.2f} | {result.cpu_ratio:.2f} |",
        "",
        *promptfoo,
    ]


def headlines(result: Asking) -> list[str]:
    """The two ratios."""
    return [
        f"A round of {result.asks} asks, {AT_ONCE} at once, runs at {result.speed_ratio:.2f} of the asks a second of a "
        f"bare HTTP loop, with {result.cpu_ratio:.1f} times its CPU time."
    ]


PART = Part("asking", "Asking", Asking, measure, lines, headlines, measures=())
