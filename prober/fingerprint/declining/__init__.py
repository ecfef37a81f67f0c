"""What refusals begin like, language by language. `LANGUAGES` is the table; adding one is a row of `BY_PARTS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.by_parts import BY_PARTS
from prober.fingerprint.declining.by_patterns import CHINESE, ENGLISH, FRENCH, GERMAN, IBERIAN, ITALIAN, JAPANESE
from prober.fingerprint.declining.language import Language, folded

__all__ = ["COMMON", "LANGUAGES", "SCRIPTS", "Language", "folded"]

LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "English": ENGLISH,
        "German": GERMAN,
        "French": FRENCH,
        "Spanish, Portuguese, Galician": IBERIAN,
        "Italian": ITALIAN,
        "Chinese, both scripts": CHINESE,
        "Japanese": JAPANESE,
        **BY_PARTS,
    }
)
"""Languages → how each declines. Where a reply is in any other, whether it refuses is unreadable."""

SCRIPTS: Final = frozenset(
    {
        "Latin", "Cyrillic", "Greek", "Hebrew", "Arabic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil",
        "Telugu", "Kannada", "Malayalam", "Thai", "Hangul", "Han", "Kana",
    }
)  # fmt: skip
"""Scripts of these languages, as `text.script` names them."""

COMMON: Final = frozenset(
    folded(
        # English, German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Finnish, Polish,
        # Czech, Slovak, Hungarian, Romanian, Croatian, Turkish, Vietnamese, Indonesian, Filipino, Swahili, Catalan
        "the of and to in is it that for with you not are this as on be der die das und ist nicht ich ein eine zu "
        "mit den "
        "auf für von im le la les des et est que en un une pour dans pas du je vous il qui de los el y se por con no "
        "una su "
        "para es lo como más o do da em um uma não os com é ao na no che di per non sono il gli del della een het "
        "van ik "
        "dat op niet voor met zijn och att det som på är jag inte av för den til af på er jeg ikke med at ja on ei "
        "se että "
        "hän w z na i nie jest się do to že je se na v s pro ale som sa az nem egy hogy és is ez si nu care este cu "
        "mai pe "
        "ne je su bir ve bu için da çok ile değil là của và có được cho không một yang dan di itu dengan untuk tidak "
        "ini "
        "ang ng sa mga na ay hindi ya wa kwa ni katika els amb per és"
    ).split()
)
"""Commonest words of the languages in Latin script, to tell a reply in one of them from one in another."""
