"""For a LiteLLM proxy: leave out deployments whose endpoint the prober says has changed or cannot be reached.

A deployment names its endpoint of the prober as `model_info: {prober_endpoint: NAME}`. Where every deployment of a
model would be left out, or the prober does not answer, none is: a watch must not take a service down.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import httpx
from litellm.integrations.custom_logger import CustomLogger

ADDRESS = os.environ.get("PROBER_URL", "http://127.0.0.1:9464")
TOKEN = os.environ.get("PROBER_HTTP_TOKEN", "")
LEFT_OUT = ("changed", "unreachable")
"""Verdicts that a deployment is left out for; add `degraded` to be careful."""
FRESH_S = float(os.environ.get("PROBER_FRESH_S", "10"))
"""How long an answer of the prober is used."""
FORGOTTEN_S = 600.0
"""How long an old answer is used while the prober does not answer."""


class ProberRouter(CustomLogger):
    """Asks the prober at most once in FRESH_S, and uses the `ETag` of the last answer."""

    def __init__(self) -> None:
        super().__init__()
        self._verdicts: dict[str, str] = {}
        self._etag = ""
        self._asked_at = self._answered_at = float("-inf")
        self._lock = asyncio.Lock()

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[dict[str, Any]],
        messages: object,
        request_kwargs: dict[str, Any] | None = None,
        parent_otel_span: object = None,
    ) -> list[dict[str, Any]]:
        """Those that may be used."""
        verdicts = await self._current()
        good = [
            one
            for one in healthy_deployments
            if verdicts.get((one.get("model_info") or {}).get("prober_endpoint")) not in LEFT_OUT
        ]
        return good or healthy_deployments

    async def _current(self) -> dict[str, str]:
        async with self._lock:
            if time.monotonic() - self._asked_at >= FRESH_S:
                await self._ask()
                self._asked_at = time.monotonic()
        return self._verdicts if time.monotonic() - self._answered_at < FORGOTTEN_S else {}

    async def _ask(self) -> None:
        headers = {"If-None-Match": self._etag} if self._etag else {}
        if TOKEN:
            headers["Authorization"] = f"Bearer {TOKEN}"
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                answer = await client.get(f"{ADDRESS}/v1/endpoints", headers=headers)
            if answer.status_code == 200:
                self._verdicts = {one["endpoint"]: one["verdict"] for one in answer.json()["endpoints"]}
                self._etag = answer.headers.get("etag", "")
            elif answer.status_code != 304:
                return
        except (httpx.HTTPError, ValueError, KeyError):
            return
        self._answered_at = time.monotonic()


router = ProberRouter()
