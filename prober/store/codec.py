"""What is packed into one column: replies, fingerprints, verdicts, judgements, findings; and incidents as rows.

Compressed JSON in UTF-8. Lossless for every Python value these types can hold: floats keep every bit (NaN and the
infinities too), and text may hold NUL and lone surrogates. Fields of replies and fingerprints at their default are left
out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from math import inf, isfinite, isnan
from typing import Any, Final, TypeVar

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_unstructure_fn

from prober.fingerprint.caches import Seen, seen
from prober.incidents.severity import severity
from prober.model.errors import StoreError
from prober.model.evidence import Fact, Findings, Fingerprint, Judgement, Observation, Verdict
from prober.model.incident import MEASURED, TROUBLES, Change, Facts, Incident, Measured, Trouble
from prober.model.reply import Reply, ToolCall
from prober.model.sample import StoredSample
from prober.model.triage import Swapped
from prober.store.rows import IncidentRow, ReplyRow

_LEVEL: Final = 3
"""Half the time of zlib's default, for a fingerprint that is 6 % longer."""
_CODEC: Final = Converter(detailed_validation=False, forbid_extra_keys=True)
_CODEC.register_unstructure_hook(datetime, datetime.isoformat)
_CODEC.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_CODEC.register_unstructure_hook(ToolCall, lambda call: [call.name, call.arguments])
_CODEC.register_structure_hook(ToolCall, lambda pair, _: ToolCall(*pair))
# Otherwise cattrs calls itself for each of the hundreds of components of an embedding.
_CODEC.register_structure_hook_func(lambda of: of == tuple[float, ...], lambda values, _: tuple(map(float, values)))
for _of in (Reply, Fingerprint, StoredSample):
    _CODEC.register_unstructure_hook(_of, make_dict_unstructure_fn(_of, _CODEC, _cattrs_omit_if_default=True))
_T = TypeVar("_T")


def pack_text(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_text(packed: bytes) -> str:
    """Raises StoreError where the bytes are not what `pack_text` wrote."""
    with _damage_named():
        return zlib.decompress(packed).decode("utf-8", "surrogatepass")


def unpack_memory(changing: bytes, constant: bytes | None) -> str:
    """A judge's memory, whole, as it was given to `judge_state.keep_memory`. Raises StoreError as `unpack_text`."""
    first = unpack_text(changing)
    return first if constant is None else f"{first}\n{unpack_text(constant)}"


def _pair(of: type[_T]) -> tuple[Callable[[_T], bytes], Callable[[bytes], _T]]:
    def pack(value: _T) -> bytes:
        # `default=float` takes in numpy's scalars, which are numbers but not Python's. Values hold no circles.
        text = json.dumps(
            _CODEC.unstructure(value, of),
            ensure_ascii=False,
            separators=(",", ":"),
            default=float,
            check_circular=False,
        )
        return pack_text(text)

    def unpack(packed: bytes) -> _T:
        with _damage_named():
            return _CODEC.structure(json.loads(unpack_text(packed)), of)

    return pack, unpack


pack_reply, unpack_reply = _pair(Reply)
_pack_fingerprint, _unpack_fingerprint = _pair(Fingerprint)
pack_verdicts, unpack_verdicts = _pair(tuple[Verdict, ...])
pack_judgement, unpack_judgement = _pair(Judgement)
pack_findings, unpack_findings = _pair(Findings)
pack_facts, unpack_facts = _pair(tuple[Fact, ...])
pack_swapped, unpack_swapped = _pair(tuple[Swapped, ...])
pack_sample, unpack_sample = _pair(StoredSample)


def pack_fingerprint(fingerprint: Fingerprint | None) -> bytes | None:
    return None if fingerprint is None else _pack_fingerprint(fingerprint)


def unpack_fingerprint(packed: bytes | None) -> Fingerprint | None:
    return None if packed is None else _unpack_fingerprint(packed)


def recurring_fingerprints() -> Callable[[bytes | None], Fingerprint | None]:
    """What unpacks fingerprints of one endpoint one after another: texts and vectors that come again are kept once."""
    known: dict[Any, Any] = {}

    def once(value: _T) -> _T:
        kept: _T = known.setdefault(value, value)
        return kept

    def unpack(packed: bytes | None) -> Fingerprint | None:
        if packed is None:
            return None
        found = _unpack_fingerprint(packed)
        return Fingerprint(
            categories={once(name): once(value) for name, value in found.categories.items()},
            numbers={once(name): value for name, value in found.numbers.items()},
            vectors={once(name): once(vector) for name, vector in found.vectors.items()},
            unreadable=found.unreadable,
        )

    return unpack


def pack_seen(reply: Reply) -> str:
    """What is remembered of a reply to notice repeated ones, as JSON in ASCII; empty where nothing is."""
    found = seen(reply)
    return "" if found is None else json.dumps(found, separators=(",", ":"))


def unpack_seen(packed: Sequence[str]) -> list[Seen | None]:
    """What `pack_seen` made of each reply; many are read at once, for every round needs hundreds. Raises StoreError
    where a text is not what it wrote."""
    with _damage_named():
        return [
            None if one is None else Seen(*one) for one in json.loads(f"[{','.join(one or 'null' for one in packed)}]")
        ]


def unpack_observation(row: ReplyRow) -> Observation:
    """The reply of a row in its place, with its fingerprint."""
    return Observation(
        series=row.series,
        probe=row.probe,
        sample=row.sample,
        reply=unpack_reply(row.reply),
        fingerprint=unpack_fingerprint(row.fingerprint),
        place=row.place,
    )


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, ForbiddenExtraKeysError) as error:
        raise StoreError(f"a stored value is damaged ({error}); restore the database from a backup") from error


def to_row(incident: Incident) -> IncidentRow:
    row = IncidentRow(
        endpoint=incident.endpoint,
        endpoint_hash=incident.endpoint_hash,
        state=incident.state,
        kind=incident.kind,
        onset=incident.onset,
        detected_round=incident.detected_round,
        opened_at=incident.opened_at,
        e_value=0.0,
        threshold=0.0,
        verdicts=pack_verdicts(()),
        findings=pack_findings(Findings()),
        calm_rounds=0,
        part_of=incident.part_of,
        severity=incident.severity,
        cause=incident.cause,
        acknowledged_at=incident.acknowledged_at,
        muted_until=incident.muted_until,
        notified_at=incident.notified_at,
        closed_at=incident.closed_at,
        close_reason=incident.close_reason,
        actor=incident.actor,
        note=incident.note,
    )
    if isinstance(incident, Facts):
        row.facts, row.is_facts = pack_facts(incident.facts), True
    if isinstance(incident, Change):
        row.e_value, row.threshold = incident.e_value, incident.threshold
        row.verdicts, row.findings = pack_verdicts(incident.verdicts), pack_findings(incident.findings)
        row.onset_first, row.onset_last = incident.onset_between or (None, None)
        row.course, row.rounds_after, row.passed = incident.course, incident.rounds_after, incident.passed
        row.peak_log_e = incident.peak_log_e if isfinite(incident.peak_log_e) else None
        row.settled_round, row.calm_rounds = incident.settled_round, incident.calm_rounds
        row.together = json.dumps(incident.together)
        row.facts = pack_facts(incident.facts) if incident.facts else None
    if isinstance(incident, Trouble):
        row.detail, row.cause_before = incident.detail, incident.cause_before
        row.failed_share = incident.failed_share
    if isinstance(incident, Measured):
        row.is_facts, row.detail = False, incident.detail
        row.e_value, row.threshold = incident.e_value, incident.threshold
        if incident.kind == "runaway":  # the column is of an earlier schema than `about`
            row.probe_set = incident.about
        else:
            row.about = incident.about
    return row


def to_incident(row: IncidentRow) -> Change | Facts | Trouble | Measured:
    shared: dict[str, Any] = {
        "id": row.id,
        "endpoint": row.endpoint,
        "endpoint_hash": row.endpoint_hash,
        "state": row.state,
        "kind": row.kind,
        "onset": row.onset,
        "detected_round": row.detected_round,
        "opened_at": row.opened_at,
        "severity": row.severity or "warning",
        "cause": row.cause or "",
        "part_of": row.part_of,
        "closed_at": row.closed_at,
        "close_reason": row.close_reason,
        "actor": row.actor,
        "note": row.note,
        "acknowledged_at": row.acknowledged_at,
        "muted_until": row.muted_until,
        "notified_at": row.notified_at,
    }
    first, last = row.onset_first, row.onset_last
    incident: Change | Facts | Trouble | Measured
    facts = () if row.facts is None else unpack_facts(row.facts)
    if row.is_facts:
        incident = Facts(**shared, facts=facts)
    elif row.kind in MEASURED:
        incident = Measured(
            **shared,
            about=row.about or row.probe_set or "",
            detail=row.detail or "",
            e_value=row.e_value,
            threshold=row.threshold,
        )
    elif row.kind in TROUBLES:
        incident = Trouble(
            **shared,
            detail=row.detail or "",
            cause_before=row.cause_before or "",
            failed_share=row.failed_share,
        )
    else:
        incident = Change(
            **shared,
            e_value=row.e_value,
            threshold=row.threshold,
            verdicts=unpack_verdicts(row.verdicts),
            onset_between=None if first is None or last is None else (first, last),
            course=row.course,  # type: ignore[arg-type]  # the column holds what this package wrote
            rounds_after=row.rounds_after,
            peak_log_e=-inf if row.peak_log_e is None or isnan(row.peak_log_e) else row.peak_log_e,
            passed=row.passed,
            settled_round=row.settled_round,
            calm_rounds=row.calm_rounds or 0,
            findings=unpack_findings(row.findings),
            together=tuple(json.loads(row.together)),
            facts=facts,
        )
    return incident if row.severity is not None else replace(incident, severity=severity(incident))
