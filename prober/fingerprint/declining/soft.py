"""What declines without "I cannot", language by language: it is against my rules, I refuse, I would rather not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.language import WITHIN

_NEAR: Final = rf"{WITHIN}{{0,20}}"

SOFT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": (
            rf"\b(?:this|that|it|which|request|topic)(?:'s| is| goes| would be| would go)? (?:against|contrary to)"
            rf" (?:(?:my|our){_NEAR}(?:rules|guidelines|polic|principles|values)|(?:the )?(?:rules|guidelines) i"
            r" (?:follow|have))"
            r"|\b(?:that|this|it)(?:'s| is) not (?:content|something|material|a text) i (?:produce|write|create|make)\b"
            r"|\bi(?:'m| am) not the right (?:tool|assistant|one) for (?:that|this)\b|\bhave to decline\b"
            r"|\b(?:message|request|prompt) (?:was|has been) (?:flagged|blocked)\b"
        ),
        "German": (
            rf"\b(?:verstosst|verstiesse|widerspricht|gegen) (?:gegen )?mein\w*{_NEAR}(?:richtlinien|regeln"
            rf"|grundsatze|prinzipien)"
            r"|\bdas mache ich (?:leider )?nicht(?: mit)?[.!]|\bda(?:bei|ran) (?:mache|wirke|beteilige) ich"
            r"|\bich (?:mochte|will) (?:diese \w+|das|dies|dazu|darauf) (?:\w+ )?nicht \w+"
        ),
        "French": (
            rf"\b(?:contraire a|viole|enfreint|contrevient a|(?:a l'encontre|dehors) de) (?:mes"
            rf"|nos){_NEAR}(?:regles|principes"
            r"|directives|consignes)|\bce n'est pas (?:un sujet|une question|une demande|quelque chose) (?:que"
            r"|dont|sur) "
        ),
        "Spanish, Portuguese": (
            rf"\bcontra (?:de )?mis{_NEAR}(?:normas|reglas|principios|directrices|politicas)|\binfringe mis\b"
            r"|^(?:no,? )?no voy a (?!ser|estar|poder ir)\w+(?:lo)? (?:eso|esto|ese|esa|con)"
            r"|\bcontra (?:as |os )?(?:minhas|meus) (?:\w+ )?(?:diretrizes|regras|principios|politicas|normas)"
            r"|^(?:nao,? )?nao vou (?!ser|estar)\w+ (?:isso|isto|esse|essa|com)"
        ),
        "Italian": (
            rf"\bcontro (?:le mie|i miei){_NEAR}(?:linee|regole|principi|direttive)|\b(?:viola"
            rf"|contraria? a) (?:le mie|i miei)\b"
            r"|^(?:no,? )?non (?:lo )?(?:scrivero|faro|aiutero|rispondero)\b(?! (?:a lungo|molto|tanto))"
        ),
        "Dutch": rf"\b(?:in strijd met|tegen) mijn{_NEAR}(?:richtlijnen|regels|principes|beleid)|\bik weiger\b",
        "Swedish": rf"\b(?:strider mot|bryter mot|emot) mina{_NEAR}(?:riktlinjer|regler|principer)|\bjag vagrar\b",
        "Danish, Norwegian": (
            rf"\bi?mo[dt] mine{_NEAR}(?:retningslinje|regler|principper|prinsipper)|\bjeg (?:nægter|nekter)\b"
        ),
        "Finnish": (r"\b(?:ohjeitani|saantojani|periaatteitani|ohjeideni|saantojeni|periaatteideni)\b|\bkieltaydyn\b"),
        "Polish": (
            rf"\b(?:sprzeczne|niezgodne) z moimi{_NEAR}(?:zasad|wytyczn|regul)|\b(?:narusza|lamie) moje\b"
            rf"|\bodmawiam\b"
        ),
        "Czech, Slovak": rf"\b(?:v rozporu s|proti) m(?:ymi|ojimi|ym){_NEAR}(?:pravidl|zasad|pokyn)|\bodmita[mj]\w*\b",
        "Hungarian": (
            r"\b(?:iranyelveimmel|szabalyaimmal|elveimmel|iranyelveimbe|szabalyaimba)\b|\b(?:vissza|el)utasitom\b"
        ),
        "Romanian": r"\b(?:regulile|principiile|politicile|instructiunile) mele\b|\brefuz sa\b",
        "Croatian, Serbian, Bosnian, Slovenian": (
            r"\b(?:protiv|u suprotnosti s|v nasprotju z) moji[mh]\w* |\bodbijam\b|\bodklanjam\b"
        ),
        "Turkish": (
            r"(?:kurallarım|ilkelerim|politikalarım|yonergelerim)(?:a|e|la|le)? (?:aykırı|uymuyor|ters)"
            r"|\breddediyorum\b"
        ),
        "Russian": (
            rf"\b(?:противоречит|нарушает|против) мои[мхе]?{_NEAR}(?:правил|принцип|политик|установк|инструкц)"
            r"|\bя не вправе\b|\bя отказываюсь\b|\bя предпоч\w+ (?:не|воздержаться)"
        ),
        "Ukrainian, Belarusian": (
            rf"\b(?:суперечить|порушує|проти) мо[їи][мх]?{_NEAR}(?:правил|принцип|політи|інструкц)|\bвідмовляюс[яь]"
        ),
        "Bulgarian, Macedonian": (
            rf"\b(?:противоречи|против|нарушава)(?: на)? мои(?:те)?{_NEAR}(?:правил|принцип|политик|насоки)"
            r"|\bотказвам\b|\bодбивам\b"
        ),
        "Greek": (
            r"(?:αντιβαιν|παραβιαζ|αντιθετο|εναντια)\w* \w+ (?:κανον|αρχες|πολιτικ|οδηγιες|κατευθυντηρι)"
            r"|\bαρνουμαι\b"
        ),
        "Chinese": (
            r"违背(?:了)?我的|我(?:选择|選擇)?拒绝(?:回答|提供|参与)|不符合我的(?:准则|原则|规范)"
            r"|我不(?:想|愿意|願意)(?:回答|讨论|討論|写)"
        ),
        "Japanese": (
            r"(?:ガイドライン|ポリシー|規約|方針|ルール)に(?:反し|違反|抵触)|(?:拒否|遠慮)(?:し|いたし|させ)"
            r"|コメントを(?:差し)?控え"
        ),
        "Korean": (
            r"(?:지침|정책|규정|원칙|가이드라인)(?:에|을|를) (?:위배|위반|어긋|반)|거부합니다|거절하겠습니다"
            r"|삼가(?:겠|하)"
        ),
        "Vietnamese": (
            r"\b(?:vi pham|trai voi|đi nguoc(?: lai)?(?: voi)?) (?:cac )?(?:nguyen tac|chinh sach|quy đinh|quy tac"
            r"|huong dan)"
            r" cua (?:toi|chung toi)|\btoi tu choi\b"
        ),
        "Indonesian, Malay": (
            r"\b(?:bertentangan dengan|melanggar|menyalahi) (?:\w+ )?(?:pedoman|kebijakan|aturan|prinsip"
            r"|peraturan)\b"
            r"|\bsaya menolak\b"
        ),
        "Arabic": r"(?:يخالف|ينتهك|يتعارض مع|مخالف ل)\w* ?(?:سياسات|مبادئ|إرشادات|قواعد|معايير)ي|أرفض",
        "Persian": r"(?:خلاف|مغایر|برخلاف) ?(?:با )?(?:قوانین|اصول|سیاست|دستورالعمل)\S* من|امتناع می ?کنم",
        "Hindi, Marathi, Nepali": (
            r"(?:मेरे|मेरी|हमारे|हमारी) (?:दिशानिर्देश|दिशा-निर्देश|नीति|नियम|सिद्धांत)\S* (?:के|का) (?:विरुद्ध"
            r"|खिलाफ|ख़िलाफ़|उल्लंघन)"
        ),
        "Bengali": r"আমার (?:নীতি|নির্দেশিকা|নিয়ম)\S* (?:বিরুদ্ধে|পরিপন্থী|লঙ্ঘন)",
        "Thai": r"(?:ขัดต่อ|ขัดกับ|ละเมิด)(?:นโยบาย|หลักการ|แนวทาง|กฎ)|ขอปฏิเสธ",
        "Hebrew": r"(?:מנוגד|נוגד|מפר)\S* (?:ל|את )?(?:ה)?(?:כללים|הנחיות|מדיניות|עקרונות) שלי|אני (?:מסרב|מסרבת)",
    }
)
"""Languages as `fingerprint.language` names them → one more pattern each."""
