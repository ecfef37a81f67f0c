"""Which replies a cache gave instead of the model. They are no observations of it, and nothing judges them. Pure.

Three signs: a header by which a gateway says so, a reply id that was seen before, and a text said again word for
word in far less time where this probe is never answered twice alike. Equal texts alone are no sign: a fixed short
answer and greedy decoding look the same.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from prober.fingerprint.feature import digest
from prober.model.reply import Reply

_HIT: Final = frozenset(
    [
        "hit",
        "stale",
        "true",
        "cache",
        "cached",
        "revalidated",
        "updating",
        "tcp_hit",
        "tcp_mem_hit",
        "semantic-hit",
        "semantic_hit",
        "exact-hit",
        "exact_hit",
    ]
)
_SECONDS: Final = frozenset({"a whole number above 0"})
_TWO: Final = frozenset({"two whole numbers"})
_WARNED: Final = frozenset({"110", "111", "112"})
"""RFC 7234: the response is stale, could not be checked with the server, or comes from a cache without a network."""

CACHES: Mapping[str, tuple[str, frozenset[str]]] = {
    "cf-aig-cache-status": ("Cloudflare's gateway", _HIT),
    "cf-cache-status": ("Cloudflare", _HIT),
    "helicone-cache": ("Helicone", _HIT),
    "x-cache": ("a web cache", _HIT),
    "x-cache-status": ("a gateway's cache", _HIT),
    "x-cache-hit": ("a gateway's cache", _HIT | {"1", "yes"}),
    "x-proxy-cache": ("a proxy", _HIT),
    "x-semantic-cache": ("a semantic cache", _HIT),
    "x-portkey-cache-status": ("Portkey", _HIT),
    "x-kong-cache-status": ("Kong", _HIT),
    "x-openrouter-cache-status": ("OpenRouter", _HIT),
    "x-vercel-cache": ("Vercel", _HIT),
    "x-litellm-cache-hit": ("LiteLLM", _HIT),
    "x-litellm-cache-key": ("LiteLLM", frozenset()),  # sent only where its cache answered
    "x-compute-type": ("Hugging Face", frozenset({"cache", "cached"})),  # else the hardware that ran the model
    "cache-status": ("a web cache", frozenset({"hit"})),  # RFC 9211
    "apisix-cache-status": ("APISIX", _HIT),
    "x-nginx-cache": ("nginx", _HIT),
    "x-gateway-cache": ("a gateway's cache", _HIT),
    "x-response-cache": ("a gateway's cache", _HIT),
    "x-cached": ("a gateway's cache", _HIT | {"1", "yes"}),
    "x-from-cache": ("a gateway's cache", _HIT | {"1", "yes"}),
    "x-served-from-cache": ("a gateway's cache", _HIT | {"1", "yes"}),
    "x-cache-source": ("a gateway's cache", _HIT),  # else where it was looked up, or the origin
    "x-response-source": ("a gateway's cache", frozenset({"cache", "cached"})),
    "x-rack-cache": ("Rack", frozenset({"fresh", "stale"})),
    "x-cache-age": ("a web cache", _SECONDS),
    "age": ("a web cache", _SECONDS),  # RFC 9111: how long ago the answer was made, from a cache only
    "warning": ("a web cache", _WARNED),
    "x-varnish": ("Varnish", _TWO),  # of this request, and of the one that filled the cache: sent only on a hit
    "x-cache-hits": ("a web cache", _SECONDS),  # Fastly and Varnish: how often
}
"""Header by which a gateway says that its cache answered → (whose cache, words that mean a hit; none: any value)."""

_ANY_CACHE: Final = re.compile(
    r"(?:^|[-_])[a-z]{0,12}cached?(?:[-_](?:status|(?P<hit>hit)|result|lookup|state|response|reply|answer))?$"
)
_OF_SOMETHING_ELSE: Final = re.compile(
    r"prompt|prefix|context|kv|token|dns|session|auth|(?:^|[-_])(?:no(?=cache)|(?:no|bypass|skip|disable|use|allow|enable|ignore)d?[-_])"
)
"""Names of headers of caches that are in no table. Those of a prompt's cache save computing, and the model answers; and
some only repeat what was asked for, such as `x-no-cache`."""

_TIMED: Final = re.compile(
    r"(?:^|,)\s*(?:cdn-cache-hit\s*(?:,|$)|(?:cdn-cache|edge-cache|cfcachestatus|cache|cache-status)\s*"
    r"(?:;\s*dur\s*=[\s\d.\"]*)?;\s*desc\s*=\s*\"?(?:hit|stale|revalidated|updating|tcp_hit|tcp_mem_hit)\b)"
)
"""A hit in `server-timing`, as CloudFront, Akamai, Cloudflare and Wikimedia write it. Other names are ambiguous: of a
database's cache, or of how long a cache was read."""

REPEATED_ID: Final = "the same reply id came before"
REPEATED_TEXT: Final = "the same long text came before, and now came in less than half the time of any"

REMEMBERED: Final = 512
"""Replies of one endpoint that are remembered."""
TELLING_ID: Final = 16
"""Characters from which on an id is not drawn twice by chance. Shorter ones are counters, or random below 1,000."""
UNLIKE: Final = 16
"""Replies to one probe, all different, after which it counts as never answered twice alike."""
LONG: Final = 80
"""Characters from which on a text that was never said twice is not said twice by chance."""
FAST: Final = 0.5
SOONER_S: Final = 0.05
"""A reply from a cache takes less than this share of the time of the fastest before it, and this much less: between
answers of a few milliseconds it is chance."""


def cache_hit(headers: Mapping[str, str]) -> str | None:
    """Whose cache answered in place of the model, as the headers (lower-case names) say; None where the model did."""
    for name, (whose, words) in CACHES.items():
        said = _words(headers.get(name, ""))
        if said and _means_hit(words, said):
            return whose
    if _TIMED.search(headers.get("server-timing", "").lower()):
        return "a web cache"
    for name in sorted(headers.keys() - CACHES.keys()):
        found = None if _OF_SOMETHING_ELSE.search(name) else _ANY_CACHE.search(name)
        if found and (_HIT | ({"1", "yes"} if found["hit"] else set())).intersection(_words(headers[name])):
            return f"the header {name} says so"
    return None


def _means_hit(words: frozenset[str], said: list[str]) -> bool:
    if words is _SECONDS:
        return any(map(_counts, said))
    if words is _TWO:
        return len(said) == 2 and all(word.isascii() and word.isdigit() for word in said)
    return not words or not words.isdisjoint(said[:1] if words is _WARNED else said)


def _words(said: str) -> list[str]:
    return said.lower().replace(",", " ").replace(";", " ").split()


def _counts(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10 and int(word) > 0


def from_cache(reply: Reply, by: str) -> Reply:
    """The reply as one that a cache gave: a failed ask. What it said stays with the reply that the model gave."""
    detail = f"a cache answered ({by}), not the model"
    return replace(reply, cached_by=by, text=None, error="invalid_reply", error_detail=detail)


class Seen(NamedTuple):
    """What is remembered of a reply, to notice that another one repeats it."""

    reply_id: str
    content: str | None
    """Digest of what it says; None where a cache gave it: then only its id is known."""
    characters: int
    latency_s: float | None
    is_cached: bool


def seen(reply: Reply) -> Seen | None:
    """None of a reply that is nothing to remember: a failure that no cache gave."""
    if not reply.answered and not reply.cached_by:
        return None
    return Seen(
        reply.reply_id or "", _content(reply), len(reply.text or ""), reply.latency_s, is_cached=bool(reply.cached_by)
    )


class SeenReplies:
    """The newest replies of one endpoint, in the order in which they came: the memory that notices a repeated one."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, tuple[str, Seen]] = OrderedDict()
        """Id → series and reply."""
        self._last_id: dict[str, str] = {}
        """Series → id of its newest reply."""
        self._by_series = defaultdict[str, deque[Seen]](deque)
        """The newest that the model gave, or a cache."""
        self._contents = defaultdict[str, Counter[str | None]](Counter)
        """Series → how often each content is among those that the model gave."""
        self._ids_mean_nothing = False
        """Whether this endpoint gives different replies one id."""

    def marked(self, series: str, reply: Reply) -> Reply:
        """The reply as it is, or `from_cache`; it is remembered either way."""
        by = self.remember(series, one) if (one := seen(reply)) else ""
        return from_cache(reply, by) if by else reply

    def remember(self, series: str, seen: Seen) -> str:
        """Which sign shows that a cache gave this reply; empty where none does, or the reply itself says so."""
        by = "" if seen.is_cached else self._cache_of(series, seen)
        self._keep(series, seen._replace(is_cached=True) if by else seen)
        return by

    def _cache_of(self, series: str, seen: Seen) -> str:
        if self._repeats_id(series, seen):
            return REPEATED_ID
        return REPEATED_TEXT if seen.characters >= LONG and self._repeats_text(series, seen) else ""

    def _repeats_id(self, series: str, seen: Seen) -> bool:
        if seen.reply_id not in self._by_id or self._ids_mean_nothing:
            return False
        before_in, before = self._by_id[seen.reply_id]
        is_telling = len(seen.reply_id) >= TELLING_ID
        is_only = len(self._by_id) == 1
        is_elsewhere = before_in != series
        if before.content not in (None, seen.content) or (is_elsewhere and (is_only or not is_telling)):
            self._ids_mean_nothing = True
            return False
        return is_telling or (not is_only and self._last_id.get(series) == seen.reply_id)

    def _repeats_text(self, series: str, seen: Seen) -> bool:
        contents = self._contents[series]
        if seen.content not in contents or contents.total() < UNLIKE or len(contents) < contents.total():
            return False
        given = [one for one in self._by_series[series] if not one.is_cached]
        times = [one.latency_s for one in given if one.latency_s is not None]
        if len(times) < len(given) or seen.latency_s is None:
            return False
        fastest = min(times)
        return seen.latency_s < min(FAST * fastest, fastest - SOONER_S)

    def _keep(self, series: str, seen: Seen) -> None:
        if reply_id := seen.reply_id:
            before = self._by_id.get(reply_id)
            self._by_id[reply_id] = before if before is not None and seen.content is None else (series, seen)
            self._by_id.move_to_end(reply_id)
            self._last_id[series] = reply_id
            if len(self._by_id) > REMEMBERED:
                self._by_id.popitem(last=False)
        given, contents = self._by_series[series], self._contents[series]
        given.append(seen)
        if not seen.is_cached:
            contents[seen.content] += 1
        if len(given) > 4 * UNLIKE and not (oldest := given.popleft()).is_cached:
            contents[oldest.content] -= 1
            if not contents[oldest.content]:
                del contents[oldest.content]


def _content(reply: Reply) -> str | None:
    if reply.text is None:
        return None
    calls = [f"{call.name}\x1f{call.arguments}" for call in reply.tool_calls]
    return digest("\x1e".join([reply.text, reply.refusal or "", *calls]))
