"""A provider behind HTTP: one wire format, one transport. The journey of an ask is `HttpProvider.ask`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

from prober.asking import failures, headers, metadata, model_lists
from prober.asking.access import KEYS, Keys, NoKey, access_of, signed
from prober.asking.egress import Certificates
from prober.asking.error_body import error_in, error_in_event, note_in, parse, retry_after_s
from prober.asking.interface import Description
from prober.asking.model_lists import Listing
from prober.asking.redaction import redacted, redacted_bytes, without_secrets
from prober.asking.transport import Arrived, Lost, Transport
from prober.asking.wire.format import BrokenWire, Request, WireFormat, dig, other_format, text_of
from prober.asking.wire.streams import FirstContent, is_stream, json_lines, read_events, says_done
from prober.fingerprint.caches import cache_hit, from_cache
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError, Problem
from prober.model.providers import PROVIDERS, base_url_of
from prober.model.refused_parameters import refused_parameters
from prober.model.reply import Failure, Reply


class HttpProvider:
    """Asks over HTTP. May be used by many threads at once."""

    def __init__(
        self,
        wire_format: Callable[[Endpoint], WireFormat],
        clock: Callable[[], float] = time.perf_counter,
        keys: Keys = KEYS,
    ) -> None:
        self._wire_format, self._keys = wire_format, keys
        self._transport = Transport(clock)
        self.clock_ahead_s: float | None = None
        """By how much the server's clock was ahead of ours at the newest answer; None where it did not say."""

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        """One POST, one Reply; `sample` and `now` do not change what is sent. Raises what `build` and `address` do."""
        wire = self._wire_format(endpoint)
        request = build(wire, endpoint, probe)
        url = address(base_url_of(endpoint), request.path)
        refusal = _not_askable(endpoint, probe, wire)
        if refusal is not None:
            return Reply(at=now, error=refusal[0], error_detail=refusal[1])
        access = access_of(endpoint, self._keys)
        if isinstance(access, NoKey):
            return Reply(at=now, error=access.failure, error_detail=access.reason)
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(access.query)}" if access.query else url
        content = json.dumps(request.body).encode("ascii")
        sent = {"content-type": "application/json", **wire.headers(endpoint), **access.headers}
        access = signed(endpoint, access, url, sent, content)
        if isinstance(access, NoKey):
            return Reply(at=now, error=access.failure, error_detail=access.reason)
        outcome = self._transport.post(
            url,
            access.headers,
            content,
            endpoint.timeouts,
            endpoint.max_reply_bytes,
            FirstContent(wire.has_content) if endpoint.stream else None,
            certificates_of(endpoint),
        )
        if isinstance(outcome, Lost):
            detail = failures.shortened(_redacted(outcome.detail, access.secrets))
            return Reply(at=now, error=outcome.failure, error_detail=detail, latency_s=outcome.latency_s)
        self.clock_ahead_s = ahead_s(outcome.headers.get("date", ""), datetime.now(UTC))
        reply = interpret(wire, endpoint, _without_keys(outcome, access.secrets), now)
        if reply.error == "unauthorized":
            self._keys.refused(endpoint)
        return without_secrets(reply, access.secrets)

    def describe(self, endpoint: Endpoint, without: Collection[str] = ()) -> Description:
        """What the endpoint says of itself. Never raises for bad luck."""
        access = access_of(endpoint, self._keys)
        pages = metadata.addresses(endpoint, base_url_of(endpoint)) if metadata.is_asked(endpoint) else {}
        found: dict[str, str] = {}
        silent = []
        left_s = min(metadata.MOST_S, endpoint.timeouts.total_s)
        for page, url in pages.items():
            if page in without or left_s <= 0 or isinstance(access, NoKey):
                continue
            within, certificates = metadata.timeouts(endpoint.timeouts, left_s), certificates_of(endpoint)
            outcome = self._transport.post(
                url, access.headers, b"", within, metadata.MOST_BYTES, None, certificates, "GET"
            )
            left_s -= outcome.latency_s
            said: dict[str, str] = {}
            if isinstance(outcome, Arrived) and outcome.status == 200:
                body = parse(_without_keys(outcome, access.secrets, any_spelling=True).body)
                said = metadata.values(page, body, endpoint.model)
            found |= said
            silent += [] if said else [page]
        return Description(found, tuple(silent))

    def list_models(self, endpoint: Endpoint) -> Listing:
        """What the provider's list of models says. Never raises for bad luck."""
        access = access_of(endpoint, self._keys)
        if isinstance(access, NoKey):
            return Listing()
        sent = {**self._wire_format(endpoint).headers(endpoint), **access.headers}
        certificates, left_s = certificates_of(endpoint), min(model_lists.MOST_S, endpoint.timeouts.total_s)
        pages: list[object] = []
        for url in model_lists.addresses(endpoint, base_url_of(endpoint), access.query):
            if left_s <= 0 or (pages and model_lists.entry_of(pages[0], endpoint.model) is not None):
                break
            within = metadata.timeouts(endpoint.timeouts, left_s)
            outcome = self._transport.post(url, sent, b"", within, model_lists.MOST_BYTES, None, certificates, "GET")
            left_s -= outcome.latency_s
            page: object = None
            if isinstance(outcome, Arrived) and outcome.status == 200:
                page = parse(_without_keys(outcome, access.secrets, any_spelling=True).body)
            pages.append(page)
        return model_lists.listing(pages, endpoint.model)

    def close(self) -> None:
        self._transport.close()


def certificates_of(endpoint: Endpoint) -> Certificates:
    return Certificates(endpoint.ca_file, endpoint.client_cert, endpoint.client_key)


def ahead_s(date: str, now: datetime) -> float | None:
    """By how much the clock that wrote a Date header is ahead of `now`; None where it is no date."""
    try:
        said = parsedate_to_datetime(date)
    except ValueError:
        return None
    return ((said if said.tzinfo else said.replace(tzinfo=UTC)) - now).total_seconds()


def build(wire: WireFormat, endpoint: Endpoint, probe: Probe) -> Request:
    """What is sent: the wire's own fields and the declared parameters, nothing else.

    Raises ConfigurationError where a parameter is also a field of the wire, such as `messages`.
    """
    request = wire.request(endpoint, probe)
    if clashes := _clashes(request, endpoint):
        raise ConfigurationError(
            [Problem("", 0, f"{endpoint.name}.parameters.{name}", why) for name, why in clashes.items()]
        )
    return Request(request.path, {**request.body, **endpoint.parameters})


def refusals(wire: WireFormat, endpoint: Endpoint, probe: Probe) -> Mapping[str, str]:
    """Parameters with which this probe is not asked, whatever the provider would say → why."""
    return {**wire.objections(endpoint), **_clashes(wire.request(endpoint, probe), endpoint)}


def _clashes(request: Request, endpoint: Endpoint) -> Mapping[str, str]:
    names = endpoint.parameters.keys() & (request.body.keys() | {"stream"})
    return dict.fromkeys(sorted(names), "the endpoint or probe sets this; leave it out here")


def address(base_url: str, path: str) -> str:
    """`path` appended to the path of `base_url`; a query of either is kept (Azure's `?api-version=…`).

    Raises ConfigurationError for an address that cannot be one.
    """
    try:
        parts = urlsplit(base_url)
        possible = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        possible = False
    if not possible:
        raise ConfigurationError(f"base_url: {base_url!r} is no address; write an address such as https://host/v1")
    base, _, base_query = base_url.partition("?")
    path, _, query = path.partition("?")
    queries = "&".join(part for part in (query, base_query) if part)
    return base.rstrip("/") + path + (f"?{queries}" if queries else "")


def interpret(wire: WireFormat, endpoint: Endpoint, arrived: Arrived, at: datetime) -> Reply:
    """An HTTP answer, its key already removed → Reply."""
    try:
        body = _body(wire, arrived)
        if arrived.status >= 300 or error_in(body) is not None:
            reply = _refused(endpoint, arrived, body, at)
        else:
            reply = wire.read(body, at)
            if (cache := cache_hit(arrived.headers)) is not None:
                reply = from_cache(reply, cache)
    except BrokenWire as broken:
        reply = _failed(
            at, "invalid_reply", f"HTTP {arrived.status}: {failures.shortened(str(broken) + _other(wire, arrived))}"
        )
    return replace(
        reply,
        headers={**headers.kept(arrived.headers), **reply.headers},
        latency_s=arrived.latency_s,
        ttft_s=arrived.ttft_s if reply.answered else None,
    )


def _other(wire: WireFormat, arrived: Arrived) -> str:
    """Which other wire format a successful answer has, and what to declare; empty where none is known."""
    said = parse(arrived.body)
    if is_stream(arrived.headers.get("content-type", ""), arrived.body):
        with suppress(BrokenWire):
            said = next(iter(read_events(arrived.body)), None)
    return other_format(said, wire.title)


def _body(wire: WireFormat, arrived: Arrived) -> object:
    """Parsed body; of a stream, what a plain ask would have brought. None for an error page that is not JSON."""
    if arrived.status < 300 and is_stream(arrived.headers.get("content-type", ""), arrived.body):
        events = read_events(arrived.body)
        error = _error_among(events)
        return wire.assemble(events, says_done(arrived.body)) if error is None else error
    body = parse(arrived.body)
    if body is None and arrived.status < 300 and (lines := json_lines(arrived.body)):
        error = _error_among(lines)
        return wire.assemble(lines) if error is None else error
    if isinstance(body, list) and (error := _error_among(body)) is not None:
        return error
    if body is None and arrived.status < 300:
        start = arrived.body[:60].decode("utf-8", errors="replace")
        raise BrokenWire(f"not JSON but {start!r}" if start else "an empty body")
    return body


def _error_among(events: Sequence[object]) -> object:
    """The first event of a stream that is an error; None where none is."""
    return next((event for event in events if error_in_event(event) is not None), None)


def _refused(endpoint: Endpoint, arrived: Arrived, body: object, at: datetime) -> Reply:
    """An error answer → a failed Reply; or, where a filter stopped the prompt, the refusal it is."""
    if failures.filtered(arrived.status, body):
        return Reply(at=at, text="", refusal="content_filter", finish_reason="content_filter")
    if 300 <= arrived.status < 400:
        to = failures.shortened(arrived.headers.get("location", "nowhere"))
        detail = f"HTTP {arrived.status} to {to}; redirects are refused, write the final address as base_url"
        return _failed(at, "not_found", detail)
    error = note_in(arrived.body) if body is None else body
    failure, named = failures.failure_of(arrived.status, error, endpoint.parameters)
    key = f" (the key is in {endpoint.api_key_env})" if failure == "unauthorized" and endpoint.api_key_env else ""
    return replace(
        _failed(at, failure, failures.detail_of(arrived.status, body, arrived.body, named) + key),
        retry_after_s=retry_after_s(arrived.headers, error, at),
        model=text_of(dig(body, "model")),
    )


def _failed(at: datetime, failure: Failure, detail: str) -> Reply:
    return Reply(at=at, error=failure, error_detail=detail)


def _not_askable(endpoint: Endpoint, probe: Probe, wire: WireFormat) -> tuple[Failure, str] | None:
    """Why nothing needs to be sent to know that there will be no answer."""
    for parameter, fix in refused_parameters(endpoint, probe).items():
        return "unsupported_parameter", f"`{parameter}`: {endpoint.model} does not take it; {fix}"
    for name, value in PROVIDERS[endpoint.provider].required.items():
        if name not in endpoint.parameters:
            message = f"{endpoint.provider} requires {name}; declare parameters: {{{name}: {value}}}, or what you need"
            return "bad_request", message
    objections = [f"{name}: {why}" for name, why in wire.objections(endpoint).items()]
    return ("bad_request", "; ".join(objections)) if objections else None


def _without_keys(arrived: Arrived, secrets: Sequence[str], *, any_spelling: bool = False) -> Arrived:
    """Providers echo keys. Words of an error that are cut short later, and what no Reply holds (`any_spelling`), must
    have lost theirs before; a Reply loses those that are spelled in another way when it is finished."""
    clean = {name: _redacted(value, secrets) for name, value in arrived.headers.items()}
    body = arrived.body
    for secret in secrets:
        body = redacted_bytes(body, secret)
    if arrived.status >= 300 or any_spelling:
        text = body.decode("utf-8", errors="surrogateescape")
        body = _redacted(text, secrets).encode("utf-8", errors="surrogateescape")
    return replace(arrived, headers=clean, body=body)


def _redacted(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = redacted(text, secret)
    return text
