"""What endpoints charge: declared, listed or unknown, and never nothing by mistake."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import genai_prices
import pytest
from genai_prices.types import ModelPrice

from prober.model.declaration import Endpoint, Price
from prober.prices import Tariff, Unpriced, tariff

NOW = datetime(2026, 3, 1, tzinfo=UTC)
"""What is looked up is remembered for the minute: a test that changes the list asks for prices of a day of its own."""


def endpoint(provider="openai", model="gpt-4.1-2025-04-14", **fields):
    return Endpoint(name="bot", provider=provider, model=model, **fields)


def test_a_known_model_has_the_price_of_the_list():
    found = tariff(endpoint(), NOW)
    assert isinstance(found, Tariff)
    assert (found.input_per_million, found.output_per_million, found.per_ask) == (2.0, 8.0, 0.0)
    assert found.source == f"genai-prices {genai_prices.__version__}: openai gpt-4.1"


@pytest.mark.parametrize(
    ("provider", "model", "base_url", "entry"),
    [
        ("anthropic", "claude-sonnet-4-20250514", None, "anthropic claude-sonnet-4-0"),
        ("google", "gemini-2.5-flash", None, "google gemini-2.5-flash"),
        ("openai", "openai/gpt-4o", "https://openrouter.ai/api/v1", "openrouter openai/gpt-4o"),
    ],
)
def test_the_provider_or_its_address_decides_whose_price_it_is(provider, model, base_url, entry):
    found = tariff(endpoint(provider, model, base_url=base_url), NOW)
    assert isinstance(found, Tariff)
    assert found.source.endswith(entry)
    assert found.output_per_million > found.input_per_million > 0


def test_a_fee_for_each_request_is_kept_apart():
    found = tariff(endpoint(model="sonar", base_url="https://api.perplexity.ai"), NOW)
    assert isinstance(found, Tariff)
    assert found.per_ask > 0
    assert found.dollars(2, 0, 0) == 2 * found.per_ask


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": "gpt-99-super"}, "gpt-99-super at openai"),
        ({"base_url": "http://127.0.0.1:8080/v1"}, "gpt-4.1-2025-04-14 at http://127.0.0.1:8080/v1"),
        ({"model": "text-embedding-3-small"}, "no whole price of openai text-embedding-3-small"),
    ],
)
def test_what_is_not_listed_is_unknown_with_its_fix(fields, named):
    found = tariff(endpoint(**fields), NOW)
    assert isinstance(found, Unpriced)
    assert named in found.reason
    assert "declare price:" in found.reason


def test_a_list_is_searched_once_a_minute_for_what_the_price_depends_on(monkeypatch):
    asked = []
    search = genai_prices.calc_price
    monkeypatch.setattr(genai_prices, "calc_price", lambda *args, **named: asked.append(args) or search(*args, **named))
    then = NOW + timedelta(days=1)
    found = {tariff(endpoint(parameters={"seed": seed}), then + timedelta(milliseconds=seed)) for seed in range(1000)}
    assert len(found) == len(asked) == 1
    tariff(endpoint(model="gpt-4.1-mini-2025-04-14"), then)
    tariff(endpoint(), then + timedelta(minutes=1))
    assert len(asked) == 3


def test_an_entry_without_numbers_is_unknown(monkeypatch):
    entry = SimpleNamespace(
        model_price=ModelPrice(), provider=SimpleNamespace(id="p"), model=SimpleNamespace(id="m"),
        input_price=0, output_price=0, total_price=0,
    )  # fmt: skip
    monkeypatch.setattr(genai_prices, "calc_price", lambda *_, **__: entry)
    assert isinstance(tariff(endpoint(), NOW + timedelta(days=2)), Unpriced)


def test_what_is_declared_comes_first_zeros_too():
    mine = Price(input_per_million=1.0, output_per_million=3.0, per_ask=0.01)
    assert tariff(endpoint(price=mine), NOW) == Tariff(1.0, 3.0, 0.01, "declared")
    free = Price(input_per_million=0, output_per_million=0)
    found = tariff(endpoint(model="llama", base_url="http://127.0.0.1:8080/v1", price=free), NOW)
    assert found == Tariff(0.0, 0.0, 0.0, "declared")


def test_nobody_is_asked_so_nothing_is_paid():
    found = tariff(endpoint("scripted", "parrot-1"), NOW)
    assert isinstance(found, Tariff)
    assert found.dollars(1000, 1e6, 1e6) == 0


def test_dollars_add_up():
    assert Tariff(2.0, 8.0, 0.001, "declared").dollars(10, 500_000, 250_000) == pytest.approx(0.01 + 1 + 2)


def test_a_price_is_no_part_of_what_an_endpoint_is():
    free = Price(input_per_million=0, output_per_million=0)
    assert endpoint().content_hash == endpoint(price=free).content_hash


@pytest.mark.parametrize("wrong", [{"input_per_million": -1, "output_per_million": 1}, {"input_per_million": 1}])
def test_a_price_is_whole_and_not_negative(wrong):
    with pytest.raises(ValueError, match="per_million"):
        Price(**wrong)


def test_the_list_is_loaded_only_when_it_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert isinstance(tariff(endpoint("scripted"), NOW), Tariff)
    with pytest.raises(ImportError):
        tariff(endpoint(), NOW + timedelta(days=3))
