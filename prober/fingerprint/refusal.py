"""Whether the model declines to answer: the provider's own word first, then what a refusal begins like."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

from prober.fingerprint.feature import Features
from prober.model.declaration import Probe
from prober.model.reply import Reply

By: TypeAlias = Literal["field", "text", "none"]

FINISH_REASONS = frozenset(
    {
        "content_filter",  # OpenAI, Azure
        "content_filtered",  # Bedrock
        "guardrail_intervened",  # Bedrock
        "refusal",  # Anthropic
        "safety",  # Gemini, from here on
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
    }
)
"""Finish reasons that mean the provider or the model declined, in lower case."""

READ = 400
"""Characters in which a refusal must begin. One that comes later is an answer with a caveat."""

_PLAIN = str.maketrans("’‘‛`´“”„", "''''''''", "*_#>\u200b\ufeff")

# Every gap is bounded, so the time is bounded too.
_UNABLE = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:not able|unable|not going) to)"
    r"(?! (?:wait|help (?:but|\w+ing)|believe|imagine|recommend|stress|overstate|emphasi[sz]e|say enough)\b)"
)
_DO = (
    r"(?:help|assist|aid|provide|fulfill?|comply|support|answer|respond|engage|participate|create|generate"
    r"|write|produce|offer|give (?:you|an?|any|advice|out|instructions)|share|discuss|promote|endorse|condone|encourage"
    r"|describe|explain|do (?:that|this|so)|complete|continue with|make (?:an?|any|such|that|this)|suggest|facilitate"
    r"|be able to|process|accept|justify|prove|list|tell you (?!how)|show you|design|develop|draft)"
)
_SORRY_DE = r"(?:tut mir (?:sehr )?leid|entschuldig\w{0,6}|leider|bedaure)"
_SORRY_IBERIAN = (
    r"(?:lo siento|lamento|lamentablemente|disculp[ae]|sinto muito|perdon|desculp[ae]|infelizmente|desafortunadamente)"
)
_DO_DE = (
    r"(?:(?:weiter)?helfen|unterstutzen|bereitstellen|beantworten|erfullen|geben"
    r"|anbieten|nachkommen|erstellen|schreiben)"
)
_DO_FR = (
    r"(?:aider|repondre|fournir|assister|creer|generer|ecrire|donner|satisfaire|acceder|participer|proposer|partager)"
)
_DO_IBERIAN = (
    r"(?:ayud|ajud|asist|auxili|proporcion|fornec|respond|cumpl|cumpr|gener|ger|cre|cri|escrib|escrev|ofrec|oferec"
    r"|particip|atender|facilit|compart)"
)
_DO_IT = r"(?:aiut|forni|rispond|soddisf|cre|gener|scriv|assist|dar|offri|partecip|condivid)"
_DO_ZH = r"(?:提供|协助|協助|帮|幫|回答|满足|滿足|完成|参与|參與|支持|生成|讨论|討論|创作|創作|分享)"
_UNABLE_JA = r"(?:できません|出来ません|できかねます|いたしかねます|致しかねます|しかねます)"

PATTERNS = (
    # English
    rf"\bi(?: \w+){{0,2}}? ?{_UNABLE} (?:\w+ ){{0,3}}?{_DO}\b",
    r"\b(?:sorry|apologi[sz]e|apologies|unfortunately|regret)\b[^.!?]{0,80}? "
    rf"i (?:\w+ )?(?:{_UNABLE}|(?:don't|do not) have)\b",
    r"\bi (?:must|have to|need to|will have to|would have to|'ll have to) (?:\w+ )?(?:decline|refuse)\b",
    r"\bi (?:respectfully )?(?:decline|refuse) to\b",
    r"\bas an? (?:\w+ ){0,2}?(?:ai|artificial intelligence)\b[^.!?]{0,80}? i (?:\w+ )?"
    r"(?:can't|cannot|(?:don't|do not) (?:have (?:access|the ability|real)|endorse|support|promote|condone)"
    r"|am (?:not|unable|programmed|committed|designed))",
    r"\b(?:against|violates?) my (?:programming|guidelines|principles|policy|policies)\b",
    r"\b(?:can't|cannot|not able to|unable to) (?:assist|help)(?: you)? with (?:that|this|your)\b",
    # German
    rf"\b{_SORRY_DE}\b[^.!?]{{0,80}}\b(?:kann|darf|werde|konnen)\b[^.!?]{{0,80}}\b(?:nicht|keine?n?)\b",
    r"\b(?:ich (?:kann|darf|werde)|(?:kann|darf|werde) ich)\b"
    rf"[^.!?]{{0,80}}\b(?:nicht|keine?n?)\b[^.!?]{{0,60}}\b{_DO_DE}\b",
    r"\bich bin nicht in der lage\b",
    # French
    r"\b(?:desolee?|regrette|malheureusement|excuse[rz]?)\b[^.!?]{0,80}\bje ne (?:peux|puis|suis pas|pourrai)\b",
    rf"\bje ne (?:peux|puis|pourrai) (?:malheureusement )?(?:pas )?(?:(?:vous|te|y) |[tl]')*{_DO_FR}\b",
    r"\bje ne suis pas (?:en mesure|capable|autorisee?)\b",
    # Spanish and Portuguese
    rf"\b{_SORRY_IBERIAN}\b[^.!?]{{0,80}}\b(?:no|nao) (?:puedo|podre|posso|poderei|consigo|me es posible|e possivel)\b",
    rf"\b(?:no|nao) (?:puedo|posso|consigo) (?:(?:te|le|lhe|o|a) )?{_DO_IBERIAN}",
    r"\b(?:no estoy|nao estou) (?:en condiciones|autorizad|em condicoes)|\b(?:no soy|nao sou) capaz de\b",
    # Italian
    r"\b(?:mi dispiace|spiacente|purtroppo|mi scuso)\b[^.!?]{0,80}\bnon (?:posso|sono in grado|mi e possibile)\b",
    rf"\bnon (?:posso|sono in grado di) {_DO_IT}",
    # Chinese, both scripts
    r"(?:抱歉|对不起|對不起|很遗憾|很遺憾|不好意思)[^。!?]{0,30}(?:不能|无法|無法|没有办法|沒有辦法|不会|不會|不可以)",
    rf"我(?:们|們)?(?:不能|无法|無法|不会|不會)\w{{0,6}}?{_DO_ZH}",
    # Japanese
    rf"(?:申し訳|すみません|ごめんなさい|恐れ入ります|残念ながら|恐縮)[^!?]{{0,60}}{_UNABLE_JA}",
    rf"(?:お手伝い|お答え|お応え|提供|対応|支援|回答|協力)[^。!?]{{0,12}}{_UNABLE_JA}",
)
"""Looked for in `normal(text)`: lower case, straight quotes, no accents, no emphasis, single spaces."""

# fmt: off
SIGNS = (
    "can't", "cannot", "can not", "won't", "will not", "not able", "unable", "not going", "don't", "do not",
    "decline", "refuse", "as a", "my p", "my guidelines",
    "nicht", "kein", "je ne ", "non ",
    "puedo", "podre", "posso", "poderei", "consigo", "posible", "possivel", "estoy", "estou", "soy", "sou",
    "不", "无", "無", "没", "沒", "せん", "かねます",
)
# fmt: on
"""Every pattern needs one of these: most answers have none, and are spared the search."""

_REFUSES = re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS))


def extract(reply: Reply, probe: Probe) -> Features:
    """Categories `refused` (yes, no) and `by` (field, text, none)."""
    by = refused_by(reply)
    return Features({"refused": "no" if by == "none" else "yes", "by": by})


def refused_by(reply: Reply) -> By:
    """What says that the model declined: a `field` of the answer, its `text`, or `none` when it did not."""
    ends = (reply.finish_reason, reply.headers.get("body:native_finish_reason"))
    if reply.refusal or any((end or "").lower() in FINISH_REASONS for end in ends):
        return "field"
    start = normal(reply.text or "")
    declines = any(sign in start for sign in SIGNS) and _REFUSES.search(start)
    return "text" if declines else "none"


def normal(text: str) -> str:
    """The start of a text as the patterns expect it."""
    start = text.lstrip()[:READ].translate(_PLAIN)
    if not start.isascii():
        start = unicodedata.normalize("NFKC", start)
    start = start.casefold()
    return " ".join((start if start.isascii() else "".join(map(_without_accent, start))).split())[:READ]


@lru_cache(maxsize=4096)
def _without_accent(character: str) -> str:
    """Latin letters lose their accents; kana keep theirs, which change the word."""
    return unicodedata.normalize("NFD", character)[0] if character < "\u0250" else character
