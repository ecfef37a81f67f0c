"""What refusals begin like, language by language. `LANGUAGES` is the table; adding one is a row of `BY_PARTS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.by_parts import BY_PARTS
from prober.fingerprint.declining.by_patterns import CHINESE, ENGLISH, FRENCH, GERMAN, IBERIAN, ITALIAN, JAPANESE
from prober.fingerprint.declining.language import Language, also, folded
from prober.fingerprint.declining.rather_not import MUST_DECLINE, RATHER_NOT
from prober.fingerprint.declining.short import SHORT
from prober.fingerprint.declining.soft import SOFT
from prober.fingerprint.declining.will_not import WILL_NOT

__all__ = ["LANGUAGES", "Language", "folded"]

_IBERIAN: Final = also(
    IBERIAN, SHORT["Spanish, Portuguese"], SOFT["Spanish, Portuguese"], MUST_DECLINE["Spanish, Portuguese"]
)
_LONG: Final[Mapping[str, Language]] = {
    "English": ENGLISH,
    "German": GERMAN,
    "French": FRENCH,
    "Italian": ITALIAN,
    "Chinese": CHINESE,
    "Japanese": JAPANESE,
    **BY_PARTS,
}
LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {"Spanish": _IBERIAN, "Portuguese": _IBERIAN}
    | {
        name: also(
            language, *(more[name] for more in (SHORT, SOFT, WILL_NOT, RATHER_NOT, MUST_DECLINE) if name in more)
        )
        for name, language in _LONG.items()
    }
)
"""Languages as `fingerprint.language` names them → how each declines. In any other, a refusal is unreadable."""
