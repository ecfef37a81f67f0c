"""The admin's side of a LiteLLM proxy: its deployments, and `POST /model/block` and `/model/unblock`.

A deployment names its endpoint as `model_info: {prober_endpoint: NAME, prober_blocks: true}`. The proxy must keep its
models in its database (`STORE_MODEL_IN_DB`), and the key must be an admin's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from prober.asking.transport import Lost, Transport
from prober.asking.wire.format import dig
from prober.model.connection import Timeouts
from prober.model.errors import ConfigurationError, NotEnough
from prober.text import one_line

WITHIN: Final = Timeouts(connect_s=5, read_s=20, total_s=30)
MOST_BYTES: Final = 20_000_000
BLOCKED_FOR: Final = ("changed", "unreachable")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One way for a router to reach a model. Its texts come from the router."""

    id: str
    group: str
    """The name by which callers ask for it; several deployments may share it."""
    endpoint: str = ""
    """The endpoint of the prober that watches it; empty where it names none."""
    is_ours: bool = False
    """Whether it says that the prober may block and unblock it."""
    is_blocked: bool = False


class LiteLLMProxy:
    """One proxy. Every call is made once, within a total deadline."""

    def __init__(self, url: str, key: str) -> None:
        """Raises ConfigurationError for an address that cannot be one, without showing it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ConfigurationError("the address of the proxy: write http(s)://host:port, without user or query")
        self._url, self._key = url.rstrip("/"), key
        self._transport = Transport()

    def close(self) -> None:
        self._transport.close()

    def deployments(self) -> tuple[Deployment, ...]:
        """All of them. Raises NotEnough where the proxy does not say."""
        said = self._ask("GET", "/v1/model/info", b"")
        listed = dig(said, "data")
        if not isinstance(listed, list):
            raise NotEnough("the proxy lists no deployments: /v1/model/info has no `data`")
        found = []
        for one in listed:
            info = dig(one, "model_info")
            if not isinstance(info, dict) or not isinstance(info.get("id"), str):
                continue
            endpoint = info.get("prober_endpoint")
            found.append(
                Deployment(
                    id=info["id"],
                    group=str(dig(one, "model_name") or "")[:300],
                    endpoint=endpoint if isinstance(endpoint, str) else "",
                    is_ours=info.get("prober_blocks") is True,
                    is_blocked=info.get("blocked") is True,
                )
            )
        return tuple(found)

    def set_blocked(self, deployment: Deployment, blocked: bool) -> None:
        """Raises NotEnough where the proxy refuses, or cannot be reached."""
        body = json.dumps({"model_id": deployment.id}).encode()
        self._ask("POST", "/model/block" if blocked else "/model/unblock", body)

    def _ask(self, method: str, path: str, body: bytes) -> object:
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        came = self._transport.post(
            self._url + path, headers, body, WITHIN, MOST_BYTES, method="GET" if method == "GET" else "POST"
        )
        if isinstance(came, Lost):
            raise NotEnough(f"the proxy, {path}: {came.failure}: {one_line(came.detail)[:300]}")
        try:
            said = json.loads(came.body or b"null")
        except (ValueError, RecursionError):
            said = None
        if came.status != 200:
            why = dig(said, "error", "message") or dig(said, "detail", "error") or dig(said, "detail") or ""
            raise NotEnough(f"the proxy, {path}: HTTP {came.status}: {one_line(str(why))[:300]}")
        return said


@dataclass(frozen=True, slots=True)
class RouterStep:
    """A deployment that is to be blocked or unblocked, or that is left as it is although its verdict is bad."""

    deployment: Deployment
    verdict: str
    """Of its endpoint."""
    block: bool | None
    """None: it would be the last one of its group, so nothing is done."""


def router_steps(deployments: Sequence[Deployment], verdicts: Mapping[str, str]) -> tuple[RouterStep, ...]:
    """What is to be done, first what is unblocked. `verdicts`: endpoint → its verdict for a router.

    A deployment is ours only where it says so. The last one of a group that is not blocked stays, whatever its verdict:
    a watch must not take a service down. A verdict that says nothing (`unknown`, `degraded`) changes nothing.
    """
    ours = [one for one in deployments if one.is_ours and one.endpoint in verdicts]
    back = [one for one in ours if one.is_blocked and verdicts[one.endpoint] == "ok"]
    left: dict[str, int] = {}
    for one in deployments:
        left[one.group] = left.get(one.group, 0) + (not one.is_blocked or one in back)
    steps = [RouterStep(one, "ok", block=False) for one in back]
    for one in ours:
        if one.is_blocked or (verdict := verdicts[one.endpoint]) not in BLOCKED_FOR:
            continue
        is_last = left[one.group] <= 1
        left[one.group] -= not is_last
        steps.append(RouterStep(one, verdict, block=None if is_last else True))
    return tuple(steps)
