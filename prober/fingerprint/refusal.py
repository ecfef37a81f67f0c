"""Whether the model declines to answer: the provider's own word first, then what a refusal begins like.

Inside quotes, code, JSON, tables, dialogues and letters nobody refuses; a caveat with an answer behind it is an answer.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import repeat
from typing import Final, Literal, TypeAlias

from prober.fingerprint.declining import LANGUAGES, Language, folded
from prober.fingerprint.declining.attributed import ANNOUNCED, ATTRIBUTED
from prober.fingerprint.declining.by_patterns import OWN, REPORTED
from prober.fingerprint.feature import NONE, Features
from prober.fingerprint.language import UNKNOWN, language
from prober.model.declaration import Probe
from prober.model.reply import Reply, ending_of
from prober.text import without_thinking

By: TypeAlias = Literal["field", "text", "none"]

READ = 400
"""Characters in which a refusal must begin. One that comes later is an answer with a caveat."""

LOOKED_AT: Final = 4 * READ
"""Characters in which quotes, code and letters are looked for: they may end behind what is read."""
LONGEST_JSON: Final = 100_000
_WAYS: Final = tuple(dict.fromkeys(LANGUAGES.values()))
"""Each way of declining once: some languages share theirs."""

_PLAIN: Final = str.maketrans("’‘‛`´“”„", "''''''''", "*_#>\u200b\ufeff")

_NOT_ITS_OWN: Final = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)"  # code
    r"|<(?P<tag>code|pre|q|quote|blockquote|cite|example|excerpt|document|transcript|lyrics|poem)\b[^>\n]{0,80}>.*?"
    r"(?:</(?P=tag)>|\Z)"
    r"|(?<![\w`])`[^`\n]{1,300}`(?!\w)"
    r'|(?<![A-Za-z0-9])"[^"]{2,600}"(?![A-Za-z0-9])|“[^”“]{2,600}”|„[^“”„]{2,600}[“”]|«[^»]{2,600}»'  # quotes
    r"|»[^«]{2,600}«"
    r"|「[^」]{2,600}」|『[^』]{2,600}』|(?<!\w)‘[^\n]{2,300}?’(?!\w)"
    r"|(?<!\w)'(?=(?:[^\n']|\w'\w){0,80}\w[ ,.!?])[^\n]{2,300}?'(?!\w)"
    r"|^[ \t]*(?:>|\|)[^\n]*"  # quoted lines, tables
    r"|^[ \t]*(?:[-*•+]|\d{1,2}[.)])[ \t][^\n]*"  # items of a list
    r"|^[ \t]*(?:#|//|--|;)[ \t][^\n]*(?=\n)",  # comments
    re.DOTALL | re.MULTILINE,
)
_DEAR: Final = (
    r"dear|to whom it may concern|sehr geehrte\w*|lieber?|chere?s?|madame|monsieur|estimad\w+|querid\w+"
    r"|prezad\w+|car[oaie]|gentil\w+|egregi\w+|spett\w+|beste|geachte|kara|kare|basta|kjære|szanown\w+|drog\w+|vazen\w+"
    r"|draga|drage?|уважаем\w+|дорог\w+|шановн\w+|sayin|sayın|sevgili|kinh gui|yth|kepada|尊敬的|亲爱的|親愛的|拝啓"
)
_HELLO: Final = (
    r"hi|hello|hey|good (?:morning|afternoon|evening)|hallo|guten tag|bonjour|salut|hola|ola|ciao"
    r"|buongiorno|hej|привет\w*|здравствуйте|merhaba"
)
_REGARDS: Final = (
    r"best|(?:kind|warm|best) regards|regards|sincerely|yours|cheers|many thanks|thanks|thank you|love"
    r"|mit freundlichen|viele gru\w+|liebe gru\w+"
    r"|herzliche|cordialement|bien a vous|saludos|atentamente|un saludo|abracos"
    r"|atenciosamente|cordiali saluti|met vriendelijke|с уважением"
)
_LETTER: Final = re.compile(
    r"^\W{0,3}(?:subject|re|betreff|objet|asunto|assunto|oggetto|onderwerp|тема|konu|件名|主题|主題)\W{0,3}[:：]"
    rf"|^\W{{0,3}}(?:{_DEAR})(?: [^\n,!:，！：]{{1,50}})?[,!:，！：.]?[ \t]*\n",
    re.IGNORECASE | re.MULTILINE,
)
_GREETING: Final = re.compile(rf"^\W{{0,3}}(?:{_HELLO})\b[^\n]{{0,40}}\n", re.IGNORECASE | re.MULTILINE)
_CLOSING: Final = re.compile(rf"^\W{{0,3}}(?:{_REGARDS})\b[^\n]{{0,40}}$", re.IGNORECASE | re.MULTILINE)
_SALUTATION: Final = re.compile(rf"\W{{0,3}}(?:{_DEAR}|{_HELLO}) [^\n.,!?:，！：]{{1,50}}[,!:，！：]", re.IGNORECASE)
"""A letter that begins on the line of its salutation; it is one only if it is signed."""
_SIGNED: Final = re.compile(
    rf"[.!?…\n]\s*(?:{_REGARDS})\b[^\n.!?,]{{0,20}},\s*[^\W\d_][^\n,!?]{{0,40}}\s*\Z", re.IGNORECASE
)
_CITED: Final = re.compile(
    r"^\W{0,3}(?!(?:i|we|no|sorry)\b)(?:[\w']+ ){0,3}(?:translat\w+|sentence|phrase|line|lyrics?|subtitles?|captions?"
    r"|transcript\w*|paraphrase\w*|quot(?:e|ation)|saying|motto|corrected|rewritten|english|german|french|spanish"
    r"|italian|says?|means|reads|translates (?:to|as))(?: (?:sentence|version|text|would be|is|means|reads|says|as|to"
    r"|translates|into|english)){0,3} ?[:：]",
    re.IGNORECASE,
)
"""What stands before somebody else's words, such as "Translation:"."""
_EXAMPLE: Final = re.compile(
    r"^\W{0,3}(?!(?:i|we|no|sorry)\b)(?![^.!?\n:]{0,80}\bmy\b)[^.!?\n:]{0,60}\b(?:(?:sample|example|template|suggested"
    r"|polite|typical|possible|draft) (?:\w+ ){0,2}(?:refusal|reply|response|answer|message|note|email|sentence|wording"
    r"|phrasing|rejection)|(?:you|one|they) (?:can|could|might|may) (?:also )?(?:say|write|reply|answer|respond))\b"
    r"[^.!?\n:]{0,40}[:：]",
    re.IGNORECASE,
)
"""What stands before words that are only suggested, such as "You could say:"."""
_SPEAKER: Final = re.compile(r"^\W{0,3}([A-Z][\w .'-]{0,24}):[ \t]", re.MULTILINE)
_MOST_SPEAKERS: Final = 20

_BUT: Final = (
    r"(?:\b(?:but|however)|[,;:—–-] ?(?:but|however|though|aber|jedoch|doch|mais|cependant|toutefois|pero|sin embargo"
    r"|mas"
    r"|porem|contudo|ma|tuttavia|maar|echter|men|но|однако|але|проте|ale|jednak|lecz|dar|insa|ama|ancak|fakat|nhung"
    r"|tetapi|tapi|namun))\b"
)
_OFFER: Final = re.compile(
    r"\b(?:i|i'(?:m|d|ll|ve)|we|let|feel free|happy|glad|if you|you (?:can|could|may|might)|please|would you|try"
    r"|contact"
    r"|ich|wir|gerne?|wenn|falls|je|j'\w+|nous|n'hesitez|si vous|puedo|podria|podemos|si (?:quieres|necesitas|lo desea)"
    r"|posso|poderia|podemos|se (?:voce|quiser|precisar|vuoi|hai)|estou|estoy|sono|potrei|volentieri|ik|wij|als je"
    r"|graag"
    r"|jag|vi|om du|jeg|hvis|voin|moge|chetnie|jesli|mohu|rad|mogu|pot|daca|tudok|szivesen|toi|saya|kami|jika|kalau"
    r"|я|мы|могу|если|давайте|можу|якщо|мога|memnuniyet\w*|isterseniz|\w+(?:abilirim|ebilirim))\b"
)
_TELLS: Final = re.compile(
    r"\b(?:i (?:can|could) (?:tell|say|confirm)|i (?:believe|think|know|would guess|estimate))\b"
)
_ANSWER_BEHIND_BUT: Final = re.compile(rf"[^.!?]{{0,160}}?{_BUT},? (?!not |no )(?P<answer>[^.!?]{{8,}})")
_ANSWER_BEHIND: Final = re.compile(
    r"[^.!?]{0,160}[.!?:,;] ?(?:but )?(?:instead, )?(?:here(?:'s| is| are)|hier (?:ist|sind)|voici|aqui (?:esta|estan"
    r"|tiene)"
    r"|ecco|aqui estao|generally|in general|typically|as of my|the short answer)\b"
)
_FLAT: Final = re.compile(r"[^.!?,]{0,30}?\b(?:with|on) (?:that|this|your request|the request)\b|[^.!?,]{0,12}[.!?]|$")
_UNLESS: Final = re.compile(
    r"^(?:\w+,? )?(?:without (?!\w+ing\b)|unless |until |ohne (?!dass)|sans (?!doute)|senza |sem |zonder |utan |uden "
    r"|bez "
    r"|без |sin (?!embargo))"
)
_SENTENCE: Final = re.compile(r"[^.!?]{0,120}(?:[!?]+ [^.!?]{0,60})?")
"""The rest of a sentence, and what may say behind it who spoke."""
_MISSING: Final = re.compile(
    r"[^.!?,]{0,40}? (?:unless (?:you|i)|until (?:you|i)|without (?:you|him|her|them|it|us|me|more|further"
    r"|additional|knowing|seeing|context|details"
    r"|(?:the|your) (?:full|exact|actual|whole|code|logs?|files?|data|numbers?|context|details?|text|document)))\b"
)
"""What is said where something is missing that would make an answer possible."""


def extract(reply: Reply, probe: Probe) -> Features:
    """Categories `refused` (yes, no) and `by` (field, text, none); unreadable in a language that is not read."""
    by = refused_by(reply)
    if by == "none" and (why := unread(reply.text or "")):
        return Features(unreadable={"": why})
    return Features({"refused": "no" if by == "none" else "yes", "by": by})


def refused_by(reply: Reply) -> By:
    """What says that the model declined: a `field` of the answer, its `text`, or `none` when it did not."""
    ends = (reply.finish_reason, reply.headers.get("body:native_finish_reason"))
    if reply.refusal or any(ending_of(end) == "filtered" for end in ends):
        return "field"
    start = normal(own_words(reply.text or ""))
    return "text" if start and _is_declined(start) else "none"


def unread(text: str) -> str:
    """Why a refusal could not be distinguished from an answer in this text; empty where it can."""
    found = language(text)
    if found == NONE or found in LANGUAGES:
        return ""
    return f"refusals are not read in {'the language of this reply' if found == UNKNOWN else found}"


def own_words(text: str) -> str:
    """The start of a text without what it only shows: code, quotes, lists, tables. Empty for letters and the like."""
    text = without_thinking(text)
    start = text.lstrip()[:LOOKED_AT]
    if _is_json(text) or _is_letter(start) or _is_dialogue(start) or _CITED.match(start) or _EXAMPLE.match(start):
        return ""
    return _NOT_ITS_OWN.sub(lambda shown: " " * len(shown[0]), start)[:READ]


def normal(text: str) -> str:
    """The start of a text as the patterns expect it: lower case, straight quotes, no accents or emphasis."""
    start = text.lstrip()[:READ].translate(_PLAIN)
    return " ".join(folded(start.casefold()).casefold().split())[:READ]


@lru_cache(maxsize=4096)  # replies to one probe often say the same; a start is at most READ characters
def _is_declined(start: str) -> bool:
    return any(map(_declines, _WAYS, repeat(start)))


def _declines(language: Language, start: str) -> bool:
    if (start.isascii() and not language.in_ascii) or language.sign.search(start) is None:
        return False
    return any(not _is_caveat(start, found) for found in language.refuses.finditer(start))


def _is_caveat(start: str, found: re.Match[str]) -> bool:
    """Whether what cannot be done is only in the way of an answer that follows, or of a thing that is missing."""
    before = re.split(r"[.!?] ", start[: found.start()])[-1]
    rest = start[found.end() :]
    clause = before + found[0]
    if (said := REPORTED.match(clause)) and not OWN.search(clause, said.end()):
        return True
    if ANNOUNCED.match(clause):
        return True
    if ATTRIBUTED.search(clause + "".join(_SENTENCE.findall(rest)[:1])):
        return True
    if _UNLESS.match(before) or _MISSING.match(rest):
        return True
    if _FLAT.match(rest) and not re.match(r"[^.!?]{0,60}\bbut here(?:'s| is| are)\b", rest):
        return False
    behind = _ANSWER_BEHIND_BUT.match(rest)
    if behind is not None and (_TELLS.match(behind["answer"]) or not _OFFER.search(behind["answer"][:70])):
        return True
    return _ANSWER_BEHIND.match(rest) is not None


def _is_json(text: str) -> bool:
    bare = text.strip()
    if not (bare[:1] in ("{", "[") and bare[-1:] in ("}", "]")) or len(bare) > LONGEST_JSON:
        return False
    try:
        json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return True


def _is_letter(start: str) -> bool:
    plain = folded(start)
    if _LETTER.search(plain) or (_GREETING.search(plain) and _CLOSING.search(plain)):
        return True
    return _SALUTATION.match(plain) is not None and _SIGNED.search(plain) is not None


def _is_dialogue(start: str) -> bool:
    """Two speakers or more, each with a name before a colon."""
    found = [speaker[1] for speaker, _ in zip(_SPEAKER.finditer(start), range(_MOST_SPEAKERS), strict=False)]
    return len(set(found)) >= 2 and len(found) >= 2
