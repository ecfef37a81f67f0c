"""The admin's side of a LiteLLM proxy: its deployments, and `POST /model/block` and `/model/unblock`.

A deployment names its endpoint as `model_info: {prober_endpoint: NAME, prober_blocks: true}`. The proxy must keep its
models in its database (`STORE_MODEL_IN_DB`), and the key must be an admin's.
"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import urlsplit

from prober.asking.transport import Lost, Transport
from prober.asking.wire.format import dig
from prober.model.connection import Timeouts
from prober.model.deployment import Deployment
from prober.model.errors import ConfigurationError, NotEnough
from prober.text import one_line

WITHIN: Final = Timeouts(connect_s=5, read_s=20, total_s=30)
MOST_BYTES: Final = 20_000_000


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
