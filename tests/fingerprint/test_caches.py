"""What a cache gave is noticed; what only looks alike is not."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from prober.fingerprint.caches import SeenReplies, cache_hit
from prober.model.reply import Reply

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RNG = random.Random(7)


def fresh() -> str:
    return f"chatcmpl-{UUID(int=RNG.getrandbits(128))}"


def said(text: str, reply_id: str | None = None, latency_s: float | None = None) -> Reply:
    return Reply(at=NOW, text=text, reply_id=reply_id, latency_s=latency_s)


def cached(replies: Iterable[tuple[str, Reply]]) -> list[bool]:
    """(series, reply) in order → which of them a cache gave."""
    seen = SeenReplies()
    return [bool(seen.marked(series, reply).cached_by) for series, reply in replies]


def of(series: str, *replies: Reply) -> list[tuple[str, Reply]]:
    return [(series, reply) for reply in replies]


ID, OTHER = fresh(), fresh()


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (of("a", said("Tea", ID), said("Tea", ID), said("Tea", OTHER)), [False, True, False]),
        (of("a", said("Tea", ID)) + of("b", said("Ale", OTHER)) + of("a", said("Tea", ID)), [False, False, True]),
        # a semantic cache gives one reply to two prompts
        (of("a", said("Tea", ID), said("Ale", OTHER)) + of("b", said("Tea", ID)), [False, False, True]),
        # short ids: only the id of the reply just before, where ids differ at all
        (of("a", said("Tea", "r-1"), said("Ale", "r-2"), said("Ale", "r-2")), [False, False, True]),
        (of("a", said("Tea", "r-1"), said("Ale", "r-2"), said("Tea", "r-1")), [False, False, False]),
        # an id that means nothing: of different texts, of every reply, of every probe
        (of("a", said("Tea", ID), said("Ale", ID), said("Ale", ID)), [False, False, False]),
        (of("a", *[said("OK", "chatcmpl-1")] * 6), [False] * 6),
        ([pair for _ in range(3) for pair in of("a", said("OK", ID)) + of("b", said("OK", ID))], [False] * 6),
        # no id
        (of("a", *[said("OK")] * 20), [False] * 20),
        (of("a", *[said("OK", "")] * 20), [False] * 20),
        # a failed ask is no reply
        (of("a", Reply(at=NOW, error="timeout", reply_id=ID), said("Tea", ID)), [False, False]),
    ],
    ids=str,
)  # fmt: skip
def test_a_reply_id_seen_before(replies: Sequence[tuple[str, Reply]], expected: list[bool]) -> None:
    assert cached(replies) == expected


def test_ids_drawn_from_a_thousand_are_no_witness() -> None:
    """Ollama numbers replies at random below 1,000: at temperature 0 the same text often has the same number."""
    rng = random.Random(1)
    replies = [
        (series, said(f"answer {series}", f"chatcmpl-{rng.randrange(999)}"))
        for _ in range(400)
        for series in ("a", "b", "c")
    ]
    assert sum(cached(replies)) <= 2  # 0.03 expected


LONG = "a long answer that no model gives twice by chance, for it is free to choose its words, "
VARIED = [said(f"{LONG}number {n}", fresh(), 2.0 + n / 10) for n in range(16)]


@pytest.mark.parametrize(
    ("before", "again", "expected"),
    [
        (VARIED, said(VARIED[3].text or "", fresh(), 0.02), True),  # a semantic cache that draws new ids
        (VARIED, said(VARIED[3].text or "", None, 0.02), True),
        (VARIED, said(VARIED[3].text or "", fresh(), 1.9), False),  # as slow as the model: greedy decoding, say
        (VARIED, said("a new answer", fresh(), 0.02), False),
        (VARIED[:15], said(VARIED[3].text or "", fresh(), 0.02), False),  # too few to know that it varies
        ([*VARIED, said(VARIED[0].text or "", fresh(), 2.0)], said(VARIED[3].text or "", fresh(), 0.02), False),
        ([said("OK", fresh(), 2.0) for _ in range(17)], said("OK", fresh(), 0.02), False),  # a fixed short answer
        ([said(f"{n}", None, 2.0) for n in range(16)], said("3", None, 0.02), False),  # a short answer, by chance
        ([said(f"{LONG}{n}", None, 0.004) for n in range(16)], said(f"{LONG}3", None, 0.001), False),  # milliseconds
        ([said(f"{LONG}{n}") for n in range(16)], said(f"{LONG}3"), False),  # no times
    ],
)  # fmt: skip
def test_a_text_said_again_in_no_time(before: Sequence[Reply], again: Reply, expected: bool) -> None:
    assert cached(of("a", *before, again)) == [False] * len(before) + [expected]


def test_a_cached_reply_is_a_failed_ask() -> None:
    seen = SeenReplies()
    seen.marked("a", said("Tea", ID))
    again = seen.marked("a", said("Tea", ID))
    assert not again.answered
    assert (again.text, again.error, again.failure) == (None, "invalid_reply", "cached")
    assert "not the model" in again.error_detail
    assert seen.marked("a", again) is again
    assert seen.marked("a", said("Tea", ID)).cached_by, "its id stays known"


@pytest.mark.parametrize(
    ("name", "value", "is_hit"),
    [
        ("x-cache", "HIT from cdn", True),
        ("x-cache", "Hit from cloudfront", True),
        ("x-cache", "MISS", False),
        ("x-cache", "Miss from cloudfront", False),
        ("cf-cache-status", "DYNAMIC", False),
        ("cf-cache-status", "EXPIRED", False),
        ("cf-cache-status", "BYPASS", False),
        ("x-cache-lookup", "HIT from proxy:3128", True),
        ("cache-status", '"Edge"; hit; ttl=100', True),
        ("cache-status", "Edge;fwd=uri-miss;stored", False),
        ("cache-status", "ExampleCache; hit, Origin; fwd=stale", True),
        ("cache-status", "c; hit=?0", False),
        ("age", "0", False),
        ("age", "31", True),
        ("x-cache-hits", "0, 3", True),
        ("x-cache-hits", "0", False),
        ("x-bifrost-cache", "hit", True),
        ("x-litellm-cache-hit", "True", True),
        ("x-litellm-cache-hit", "False", False),
        ("x-semantic-cache-hit", "true", True),
        ("x-truefoundry-cache-status", "HIT", True),
        ("x-tfy-cached", "true", True),
        ("x-cached-response", "true", True),
        ("x-response-cached", "true", True),
        ("x-response-source", "cache", True),
        ("x-served-by", "cache-fra-eddf", False),
        ("x-from-cache", "0", False),
        ("x-cache-key", "abc", False),
        ("x-prompt-cache-status", "hit", False),
        ("x-prefix-cache-hit", "true", False),
        ("x-kv-cache-hit", "1", False),
        ("x-gpt-cache", "hit", True),
        ("x-gptcache-hit", "true", True),
        ("x-ai-cache-status", "hit", True),
        ("x-cache-status", "semantic-hit", True),
        ("x-cache-status", "SEMANTIC HIT", True),
        ("x-portkey-cache-status", "SEMANTIC HIT", True),
        ("x-portkey-cache-status", "REFRESH", False),
        ("x-portkey-cache-status", "DISABLED", False),
        ("x-kong-cache-status", "Refresh", False),
        ("x-cache-hit", "0", False),
        ("x-cache-hit", "1", True),
        ("x-cache-hit", "no", False),
        ("x-envoy-cache", "hit", True),
        ("x-drupal-cache", "HIT", True),
        ("x-azure-ref-originshield", "x", False),
        ("apim-cache-status", "hit", True),
        ("x-azure-semantic-cache", "HIT", True),
        ("x-aws-cache", "Hit", True),
        ("fly-cache-status", "HIT", True),
        ("cdn-cache", "HIT", True),
        ("cdn-cache-control", "max-age=1", False),
        ("x-amz-cf-pop", "FRA", False),
        ("x-vercel-cache", "PRERENDER", False),
        ("x-akamai-cache", "TCP_HIT from a1", True),
        ("x-check-cacheable", "YES", False),
        ("akamai-cache-status", "Hit from child", True),
        ("x-iinfo", "x", False),
        ("x-sucuri-cache", "HIT", True),
        ("x-edge-cache", "HIT", True),
        ("x-rack-cache", "fresh", True),
        ("x-rack-cache", "miss, store", False),
        ("x-cache-source", "HIT", True),
        ("x-cache-source", "cache", True),
        ("x-cache-source", "origin", False),
        ("x-cache-source", "redis", False),
        ("server-timing", "cdn-cache; desc=HIT, edge; dur=1", True),
        ("server-timing", 'cfL4;desc="?proto=TCP", cfCacheStatus;desc="HIT"', True),
        ("server-timing", 'cache;desc="hit-front", host;desc="cp1"', True),
        ("server-timing", 'cdn-cache-hit,cdn-pop;desc="FRA56"', True),
        ("server-timing", 'edge;dur=3,cdn-cache;dur=0.5;desc="STALE"', True),
        ("server-timing", "cdn-cache; desc=MISS, edge; dur=1, origin; dur=812", False),
        ("server-timing", 'cfCacheStatus;desc="DYNAMIC"', False),
        ("server-timing", "cdn-cache-miss,cdn-upstream-layer;desc=EDGE", False),
        ("server-timing", 'cache;desc="Cache Read";dur=23.2', False),
        ("server-timing", "db-cache;desc=hit, prompt-cache;desc=HIT", False),
        ("server-timing", "hit;dur=1, total;dur=900", False),
        ("x-cacheable", "YES", False),
        ("x-dify-cache", "hit", True),
        ("helicone-cache", "HIT", True),
        ("helicone-cache", "MISS", False),
        ("braintrust-cached", "HIT", True),
        ("x-bt-cached", "HIT", True),
        ("x-bt-used-endpoint", "x", False),
        ("x-openrouter-cache-status", "HIT", True),
        ("x-zen-cache", "hit", True),
        ("x-lm-cache-hit", "1", True),
        ("x-cache-age", "31", True),
        ("x-no-cache", "true", False),
        ("x-bypass-cache", "true", False),
        ("x-skip-cache", "true", False),
        ("x-use-cache", "true", False),
        ("cf-aig-skip-cache", "true", False),
        ("x-nocache", "true", False),
        ("helicone-cache-enabled", "true", False),
        ("x-cached-tokens", "true", False),
    ],
)
def test_a_header_says_whether_a_cache_answered(name: str, value: str, is_hit: bool) -> None:
    assert (cache_hit({name: value}) is not None) is is_hit
