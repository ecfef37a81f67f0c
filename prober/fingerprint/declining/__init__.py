"""What refusals begin like, language by language. `LANGUAGES` is the table; adding one is a row of `BY_PARTS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.by_parts import BY_PARTS
from prober.fingerprint.declining.by_patterns import CHINESE, ENGLISH, FRENCH, GERMAN, IBERIAN, ITALIAN, JAPANESE
from prober.fingerprint.declining.language import Language, folded

__all__ = ["LANGUAGES", "Language", "folded"]

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "English": ENGLISH,
        "German": GERMAN,
        "French": FRENCH,
        "Spanish": IBERIAN,
        "Portuguese": IBERIAN,
        "Italian": ITALIAN,
        "Chinese": CHINESE,
        "Japanese": JAPANESE,
        **BY_PARTS,
    }
)
"""Languages as `fingerprint.language` names them → how each declines. In any other, a refusal is unreadable."""
