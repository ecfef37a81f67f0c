"""What declines by "I will not write this", language by language. It names what is not written: "I will not write at
length" announces a short answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WILL_NOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": (
            r"\bi(?:'m| am) going to (?:decline|refuse)\b|\bisn't something i'm (?:able|willing|going) to\b"
            r"|\bi(?:'m not| am not|'m never| won't be| will not be) (?:generating|writing|producing|providing|creating"
            r"|answering|drafting|helping with|assisting with) (?:that|this|such|any of (?:that|this))\b"
            r"|\b(?:would|will) cross a line for me\b|^request (?:denied|refused|declined)\b"
        ),
        "German": r"\b(?:darauf|dazu|dabei|hierauf|hierbei) (?:antworte|helfe|schreibe|sage) ich (?:\w+ )?nicht\b",
        "French": (
            r"\bje n(?:e |'|e l')(?:ecrirai|repondrai|aiderai|redigerai|fournirai|creerai|produirai|genererai) pas"
            r"(?! (?:long|en detail|trop|plus))"
        ),
        "Italian": r"\bnon (?:scrivero|creero|forniro|generero) (?:questo|questa|quel|un (?:tale|simile)|cio)\b",
        "Dutch": (
            r"\bik ga (?:dit|dat|deze|die|zo'n|zoiets|hier|daar)(?: \w+){0,2} niet (?:\w+ )?(?:schrijven|maken|doen"
            r"|beantwoorden|geven|helpen)\b"
            r"|\bik (?:schrijf|maak|beantwoord|geef) (?:dit|dat|deze|die|zoiets)(?: \w+)? niet\b"
        ),
        "Swedish": (
            r"\bjag (?:tanker inte|kommer inte att|vill inte) (?:skriva|svara pa|hjalpa|gora|skapa|bidra)(?: \w+)?"
            r" (?:det|den|detta|sadan|sant)\b"
        ),
        "Danish, Norwegian": (
            r"\bjeg (?:vil ikke|kommer ikke til [aå]t?) (?:skrive|svare p[aå]|hj[eæ]lpe|lave|lage|g[oø]re|gj[oø]re)"
            r"(?: \w+)? (?:det|den|dette|slik|s[aå]dan)\b"
        ),
        "Finnish": (
            r"\ben (?:kirjoita|vastaa|auta|luo|anna|tee) (?:tuollais|tallais|sellais|(?:tata|tuota|tahan|tuohon)\b)"
        ),
        "Polish": (
            r"\bnie (?:napisze|odpowiem|pomoge|stworze|zrobie|przygotuje|udziele)(?: \w+)? (?:tego|takiego|takiej"
            r"|takich|to|tym|te)\b"
        ),
        "Hungarian": r"\bnem (?:irok|valaszolok|segitek|keszitek|adok) (?:ilyen|erre|ebben|ehhez)\b",
        "Romanian": (
            r"\bnu voi (?:scrie|raspunde|ajuta|crea|oferi|face|furniza) (?:acest|aceast|la acea|cu acea|asa ceva|asta)"
        ),
        "Turkish": (
            r"\b(?:bunu|boyle|bu)\b[^.!?]{0,30}\b(?:yaz|yap|yanıtla|cevapla|olustur|hazırla|paylas)ma?ya?cag[ıi]m\b"
        ),
        "Russian": (
            r"\bя не (?:стану|буду) (?:\w+ )?(?:этого|это|такое|такого|такой|с этим|на этот)\b"
            r"|\bя не (?:напишу|отвечу|помогу|расскажу) (?:этого|это|такое|вам это|на этот|с этим)\b"
        ),
        "Ukrainian, Belarusian": r"\bя не (?:буду|стану) (?:\w+ )?(?:цього|це|таке|такого|з цим|на це)\b",
        "Greek": (r"\bδεν θα (?:γραψω|απαντησω|βοηθησω|δημιουργησω|κανω) (?:αυτο|αυτη|σε αυτ\w+|με αυτ\w+|τετοι\w+)"),
        "Korean": r"(?:답변|대답|응답|작성|제공|공유)(?:하|해 드리|해드리)?지 않겠습니다",
        "Hebrew": r"(?:^|\s)לא (?:אכתוב|אענה|אעזור|אצור|אספק|אכין) (?:את ה\S+ הז|את זה|על זה|בזה|דבר כזה|על ה\S+ הז)",
        "Hindi, Marathi, Nepali": r"मैं (?:यह|ये|ऐसा|इस\S*)[^।!?]{0,30} नहीं (?:लिख|कर|बना|द)\S*(?:गा|गी)",
        "Vietnamese": r"\btoi se khong (?:viet|tra loi|giup|tao)\b[^.!?]{0,30}\b(?:nay|đo)\b",
        "Indonesian, Malay": (
            r"\bsaya tidak akan (?:menulis|menjawab|membantu|membuat)\b[^.!?]{0,30}\b(?:ini|itu|tersebut)\b"
        ),
    }
)
"""Languages as `fingerprint.language` names them → one more pattern each."""
