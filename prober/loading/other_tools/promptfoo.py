"""How promptfoo's results are read, and the tables that its pages export, from records to lines of a reply log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from prober.loading.other_tools.chat import answer_of, number, tokens_of
from prober.loading.other_tools.tools import (
    Line,
    Numbered,
    Record,
    Source,
    iso,
    lines_of,
    list_of,
    mapping,
    mappings,
)


def promptfoo(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, record in records:
        ran = source.moment(
            mapping(record.get("results")).get("timestamp") or record.get("timestamp") or record.get("createdAt")
        )
        at = iso(ran) if ran else source.written_at()
        for row in rows_of(record):
            response, provider = mapping(row.get("response")), row.get("provider")
            named = mapping(provider)
            plain = row.get("response")
            text = plain if isinstance(plain, str) else response.get("output", row.get("output"))
            if response.get("cached"):
                source.left_out["replies from promptfoo's cache, which say nothing of the model: use --no-cache"] += 1
                continue
            failed = response.get("error") or (row.get("error") if text is None else None)
            seconds = number(row.get("latencyMs"))
            yield from lines_of(
                source,
                number_,
                round=at,
                endpoint=str(named.get("label") or named.get("id") or provider or "promptfoo"),
                probe=mapping(row.get("testCase")).get("description") or row.get("description"),
                request=mapping(row.get("prompt")).get("raw", row.get("prompt")),
                said=answer_of(text),
                text=text if isinstance(text, str) else None,
                error=failed,
                latency_s=None if seconds is None else seconds / 1000,
                finish_reason=response.get("finishReason"),
                **tokens_of(response.get("tokenUsage")),
            )


def rows_of(record: Record) -> list[Record]:
    """Answers of one run, in the shape of promptfoo's results; of a run that only has its table, those in the table."""
    run = mapping(record.get("results"))
    rows = mappings(run.get("results") if run else record.get("results"))
    table = mapping(run.get("table") or record.get("table") or record)
    if rows or not (body := mappings(table.get("body")) or [record] * ("outputs" in record)):
        return rows or [record] * ("results" not in record)
    asked_ = list_of(mapping(table.get("head")).get("prompts"))
    return [
        {**mapping(column), **_of_table(output), "testCase": row.get("test"), "description": row.get("description")}
        for row in body
        for output, column in zip_longest(mappings(row.get("outputs")), asked_[: len(list_of(row.get("outputs")))])
        if output
    ]


def _of_table(output: Record) -> Line:
    """An answer in a table: why it failed a check may stand before it, and why there is none in place of it."""
    text, failed = output.get("text"), output.get("error")
    if isinstance(text, str) and failed and text.startswith(f"{failed}\n---\n"):
        text = text[len(f"{failed}\n---\n") :]
    elif failed and (text in (None, "", failed) or output.get("failureReason") == 2):  # 2: no answer
        text = None
    response = {"output": text, "tokenUsage": output.get("tokenUsage"), "cached": output.get("cached")}
    found = {"response": response, "error": failed, "prompt": output.get("prompt"), "provider": output.get("provider")}
    return {**{key: value for key, value in found.items() if value is not None}, "latencyMs": output.get("latencyMs")}
