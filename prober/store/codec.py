"""What is packed into one column: replies, fingerprints, verdicts, judgements, findings.

Compressed JSON in UTF-8. Lossless for every Python value these types can hold: floats keep every bit (NaN and the
infinities too), and text may hold NUL and lone surrogates. Fields of replies and fingerprints at their default are left
out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar

from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_unstructure_fn

from prober.model.errors import StoreError
from prober.model.evidence import Fact, Findings, Fingerprint, Judgement, Observation, Verdict
from prober.model.reply import Reply, ToolCall
from prober.model.sample import StoredSample
from prober.model.triage import Swapped
from prober.store.rows import ReplyRow

_LEVEL: Final = 3
"""Half the time of zlib's default, for a fingerprint that is 6 % longer."""
_CODEC: Final = Converter(detailed_validation=False, forbid_extra_keys=True)
_CODEC.register_unstructure_hook(datetime, datetime.isoformat)
_CODEC.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_CODEC.register_unstructure_hook(ToolCall, lambda call: [call.name, call.arguments])
_CODEC.register_structure_hook(ToolCall, lambda pair, _: ToolCall(*pair))
for _of in (Reply, Fingerprint, StoredSample):
    _CODEC.register_unstructure_hook(_of, make_dict_unstructure_fn(_of, _CODEC, _cattrs_omit_if_default=True))
_T = TypeVar("_T")


def pack_text(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_text(packed: bytes) -> str:
    """Raises StoreError where the bytes are not what `pack_text` wrote."""
    with _damage_named():
        return zlib.decompress(packed).decode("utf-8", "surrogatepass")


def _pair(of: type[_T]) -> tuple[Callable[[_T], bytes], Callable[[bytes], _T]]:
    def pack(value: _T) -> bytes:
        # `default=float` takes in numpy's scalars, which are numbers but not Python's.
        content = _CODEC.unstructure(value, of)
        return pack_text(json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=float))

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
