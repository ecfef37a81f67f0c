"""What declines by "I prefer not to answer" and other soft words, language by language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.language import WITHIN

_NEAR: Final = rf"{WITHIN}{{0,30}}"

RATHER_NOT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": (
            r"\bi (?:(?:have|need|am going|will have) to |must |will )?turn down (?:this|that|your|the) (?:\w+ )?"
            r"(?:request|question|task)"
            r"|\bnot possible for (?:me|us) to (?:help|assist|give|provide|answer|share|write|comply|discuss|create"
            r"|fulfil|do)"
        ),
        "German": (
            rf"\b(?:bei|mit) (?:so etwas|sowas|solche[mnr]?|diese[mnr]?|derlei){_NEAR}\b(?:helfe|unterstutze) ich"
            r" (?:\w+ )?nicht\b"
            r"|\b(?:dazu|daruber|hierzu) (?:kann|darf|werde|mochte) ich (?:\w+ )?nichts (?:sagen|schreiben|beitragen)"
            r"|\bnicht (?:behilflich sein|helfen|weiterhelfen|dienen) zu konnen\b"
        ),
        "French": (
            r"^non,? (?:desole,? )?je ne vais pas (?:ecrire|rediger|repondre|faire|aider|vous aider|t'aider) "
            r"|\bdans l'impossibilite (?:de|d') ?(?:fournir|repondre|aider|vous|donner|acceder|traiter|satisfaire)"
        ),
        "Dutch": (
            r"\bik (?:geef|zeg|schrijf|doe|praat|beantwoord|help) (?:\w+ )?liever (?:geen|niet)\b"
            r"|\b(?:ik wil|wil ik) (?:\w+ ){0,3}liever niet\b"
            r"|^(?:nee,? )?(?:sorry,? )?(?:dat|dit|zoiets|daar|hier) ga ik (?:\w+ ){0,2}niet (?:schrijven|doen|maken"
            r"|beantwoorden|geven|vertellen|op in)"
        ),
        "Swedish": (
            r"\bjag avstar (?:helst )?(?:fran|ifran) att (?:svara|skriva|kommentera|hjalpa|diskutera|ge)"
            r"|\bjag (?:vill|skulle) (?:helst|hellre) (?:inte|slippa)\b|\bjag foredrar att inte\b"
        ),
        "Danish, Norwegian": (
            r"\bjeg vil (?:helst|hellere|heller) ikke (?:svare|skrive|kommentere|hj[æe]lpe|diskutere|snakke|tale|gi)"
            r"|\bjeg foretr[æe]kker (?:ikke at|[åa] ikke|at ikke)\b"
        ),
        "Finnish": r"\b(?:en mielellani|mieluummin en|jatan mieluummin) (?:vastaa|kirjoita|auta|keskustele|anna)",
        "Polish": r"\b(?:wole|wolalbym|wolalabym) nie (?:odpowiada|mowi|pisa|rozmawia|pomaga|udziela|podawa)",
        "Czech, Slovak": (r"\b(?:radeji|radsej) (?:\w+ ){0,2}(?:neodpov|nereknu|nepoviem|nenap|nebudu|nebudem|nepom)"),
        "Hungarian": r"\binkabb nem (?:valaszol|segit|irok|irom|mond|beszel|foglalkoz)",
        "Romanian": r"\bprefer (?:sa nu|a nu) (?:raspund|scriu|discut|vorbesc|ofer|ajut|comentez)",
        "Croatian, Serbian, Bosnian, Slovenian": (
            r"\bradije (?:ne bih|necu|ne) (?:\w+ )?(?:odgov|pis|pomo|razgov|govor)|\braje ne bi (?:odgov|pis|govor)"
        ),
        "Turkish": (
            r"\b(?:cevap vermemeyi|yanıt vermemeyi|yanıtlamamayı|cevaplamamayı|konusmamayı|yazmamayı|yardım etmemeyi)"
            r" (?:tercih e|secerim)"
        ),
        "Russian": (
            r"\bмне (?:не (?:разрешено|дозволено|позволено)|нельзя|запрещено) (?:обсуждать|говорить|отвечать|писать"
            r"|помогать|давать|предоставлять|раскрывать)"
            r"|^(?:\w+,? )?давайте (?:лучше )?(?:сменим тему|поговорим о (?:чем-нибудь|чем-то|другом))"
        ),
        "Ukrainian, Belarusian": (
            r"\bмені (?:не (?:дозволено|можна)|заборонено) (?:обговорювати|говорити|відповідати|писати|допомагати"
            r"|надавати)"
            r"|\b(?:волію|краще|я б радше) (?:я )?не (?:відповіда|говорити|обговорю|писати)"
        ),
        "Bulgarian, Macedonian": r"\b(?:предпочитам|преферирам) да не (?:отговарям|пиша|обсъждам|говоря|помагам)",
        "Greek": (
            r"\bπροτιμω να μην? (?:απαντησω|γραψω|μιλησω|σχολιασω|βοηθησω|συζητησω)"
            r"|\bδεν μου επιτρεπεται να (?:απαντησω|μιλησω|συζητησω|δωσω|γραψω)"
        ),
        "Hebrew": r"(?:מעדיף|מעדיפה) (?:לא|שלא) (?:לענות|לכתוב|לעזור|לדבר|לדון|להגיב)|אסור לי (?:לענות|לדבר|לדון|לתת)",
        "Arabic": (
            r"أفضل (?:عدم|ألا|أن لا) ?(?:ال)?(?:إجابة|رد|حديث|تعليق|كتابة|أجيب|أتحدث|أكتب|مناقشة)"
            r"|(?:لا يسمح لي|غير مسموح لي|ليس مسموحا لي) (?:ب|أن )?(?:ال)?(?:مناقشة|حديث|إجابة|تقديم|كتابة|أناقش|أجيب"
            r"|أتحدث)"
        ),
        "Persian": (
            r"ترجیح می ?دهم (?:که )?(?:به این \S+ )?(?:پاسخ ندهم|جواب ندهم|صحبت نکنم|ننویسم)"
            r"|اجازه (?:ندارم|ی? ?\S* ندارم) "
        ),
        "Hindi, Marathi, Nepali": (
            r"(?:जवाब|उत्तर|जानकारी|सलाह) (?:नहीं देना|न देना)|नहीं (?:लिखना|बताना|देना) (?:चाहूँगा|चाहूंगा|चाहूँगी|चाहूंगी"
            r"|चाहता|चाहती)"
        ),
        "Bengali": r"উত্তর (?:না দেওয়াই|দিতে চাই না|দেব না|দেবো না)|বলতে চাই না|লিখতে চাই না",
        "Thai": r"ขอ(?:ไม่|งด)(?:ตอบ|พูด|แสดงความ|ให้ข้อมูล|เขียน)",
        "Japanese": (
            r"(?:そのような|そういった|このような|その|こうした)(?:内容|文章|質問|依頼|ご質問|ご依頼|話題|情報)"
            r"[^。！？]{0,10}(?:書け|答えられ|教えられ|作れ|話せ|扱え|お伝えでき|お書きでき)(?:ません|ない)"
        ),
        "Chinese": (
            r"(?:这个|這個|此|该|該|您的|你的)(?:问题|問題|请求|請求|要求|话题|話題)我(?:没办法|沒辦法|没法|沒法"
            r"|无法|無法|不能|不会|不會)(?:回答|协助|協助|帮|幫|处理|處理|讨论|討論|完成|提供)"
            r"|我(?:没办法|沒辦法)(?:回答|协助|協助|提供|帮你|幫你|帮您|幫您|完成这|完成這)"
        ),
        "Korean": (
            r"(?:답변|대답|말씀|언급)(?:을|은|드리지|하지)? ?(?:드리지 않|하지 않|삼가|피하)(?:겠|는 것이|는 편이"
            r"|을 것)"
        ),
        "Vietnamese": (
            r"\bxin (?:phep )?(?:đuoc )?(?:khong|tu choi) (?:tra loi|viet|ban|giup|cung cap|binh luan|thao luan)"
            r"|\btoi (?:muon|thich) khong (?:tra loi|viet|ban)"
        ),
        "Indonesian, Malay": (
            r"\b(?:saya )?(?:lebih (?:memilih|suka)|memilih) (?:untuk )?tidak (?:menjawab|menulis|membahas|membantu"
            r"|memberi|berkomentar)"
        ),
    }
)
"""Languages as `fingerprint.language` names them → one more pattern each."""

MUST_DECLINE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": (
            r"\bi(?:'d| would| will|'ll)? have to say no\b|\bhard no from me\b"
            r"|^no(?:pe)?,? (?:i'm )?not doing (?:that|this)\b"
            r"|\bwe (?:can't|cannot|won't|are unable to) (?:answer|discuss|process|help with|assist with)"
            r" (?:that|this)\b"
        ),
        "German": (
            r"\b(?:diese|die|ihre|deine) (?:anfrage|bitte|aufgabe) (?:lehne|weise) ich (?:\w+ )?(?:ab|zuruck)\b"
            r"|\b(?:hierzu|dazu|daruber) (?:kann|darf|werde) ich (?:\w+ )?keine (?:angaben|aussagen?|auskunfte?)\b"
            r"|\b(?:dafur|hierfur) stehe ich (?:\w+ )?nicht zur verfugung\b"
        ),
        "French": r"\bje ne souhaite pas (?:aborder|repondre|traiter|discuter|parler|ecrire|commenter)\b",
        "Spanish, Portuguese": (
            r"\b(?:tendre que|debo|tengo que|me veo obligado a) (?:declinar|rechazar|negarme)\b"
            r"|^(?:no,? )?no voy a (?:responder|contestar|ayudar|escribir|hablar)\w* (?:a |de |sobre |con )?es[aeot]\w*"
            r"|^es[oa] es algo que no (?:puedo|voy a) (?:hacer|responder|escribir|discutir)"
            r"|\b(?:vou ter de|terei de|tenho de|tenho que|vou ter que|devo) (?:recusar|rejeitar|declinar)\b"
        ),
        "Dutch": (
            r"\b(?:moet ik|ik moet) (?:\w+ ){0,3}(?:afwijzen|weigeren)\b|\bkan ik (?:\w+ )?niets (?:zeggen|over kwijt)"
        ),
        "Swedish": r"\b(?:jag maste|maste jag) (?:\w+ )?(?:tacka nej|avboja|avsla|neka)\b",
        "Danish, Norwegian": (
            r"\b(?:jeg m[aå]|m[aå] jeg) (?:\w+ )?(?:afvise|avvise|avsl[aå]|afsl[aå]|takke nej|takke nei|nekte"
            r"|n[æe]gte)\b"
        ),
        "Finnish": r"\b(?:minun taytyy|joudun|minun on pakko) (?:\w+ )?(?:kieltaytya|hylata|hylkaamaan|kieltaytymaan)",
        "Polish": (
            r"\b(?:musze|jestem zmuszon[ya]) (?:\w+ )?(?:odmowic|odrzucic)\b"
            r"|\bnie moge sie (?:na ten temat )?wypowia|\bna ten temat nie moge\b"
        ),
        "Czech, Slovak": r"\b(?:musim|jsem nucen\w*|som nuten\w*) (?:\w+ ){0,2}(?:odmitnout|odmietnut)\b",
        "Hungarian": r"\bel kell utasitanom\b|\bvissza kell utasitanom\b",
        "Romanian": r"\b(?:trebuie sa|sunt nevoit\w* sa|voi) refuz",
        "Croatian, Serbian, Bosnian, Slovenian": (
            r"\b(?:moram|prisiljen\w* sam) (?:\w+ )?(?:odbiti|zavrniti)\b|\bморам одбити\b"
        ),
        "Turkish": r"\breddetmek zorunda(?:yım|yız)\b|\breddetmem gerekiyor\b",
        "Russian": (
            r"(?:\bя |^)(?:вынужден[аы]?|должен|должна) (?:\w+ )?(?:отказать|отклонить)"
            r"|\b(?:на эту тему|об этом) (?:я )?(?:говорить|писать|рассуждать) (?:я )?не (?:буду|стану|могу)\b"
        ),
        "Ukrainian, Belarusian": r"(?:\bя |^)(?:змушен(?:ий|а)|мушу|повинен|повинна) (?:\w+ )?(?:відмовити|відхилити)",
        "Bulgarian, Macedonian": r"\bтрябва да (?:откажа|отхвърля)|\bмора да (?:одбијам|одбијам|одбием)",
        "Greek": r"\b(?:πρεπει να|ειμαι υποχρεωμενος να|θα) αρνηθω\b",
        "Hebrew": r"אני (?:נאלץ|נאלצת|חייב|חייבת|צריך|צריכה) (?:לסרב|לדחות)",
        "Arabic": r"(?:يجب|علي|يتعين علي|لا بد) (?:أن )?(?:أرفض|رفض هذا|رفض هذه|رفض الطلب)",
        "Persian": r"(?:باید|مجبورم|ناچارم) [^.!?]{0,30}(?:رد کنم|امتناع کنم|خودداری کنم)",
        "Hindi, Marathi, Nepali": r"मुझे [^।!?]{0,30}(?:अस्वीकार|इनकार|इंकार|मना) करना (?:होगा|पड़ेगा|पड़ रहा)",
        "Bengali": r"আমাকে [^।!?]{0,30}(?:প্রত্যাখ্যান|অস্বীকার) করতে (?:হবে|হচ্ছে)|আমি [^।!?]{0,20}প্রত্যাখ্যান করছি",
        "Thai": r"(?:ผม|ฉัน|ดิฉัน|เรา)(?:จำเป็น)?(?:ต้อง|จะ|ขอ)ปฏิเสธ(?:คำขอ|ที่จะ|การ)(?:นี้)?",
        "Korean": r"(?:요청|질문|부탁)(?:은|을) (?:거절|거부)(?:해야 (?:합|해|하)|할 수밖에|하겠|합니다)",
        "Japanese": r"(?:リクエスト|ご?依頼|ご?要望|ご?質問)(?:は|を|には)お断り(?:し(?:ます|ました)|いたします"
        r"|させて|せざる|しなければ|するしか)",
        "Chinese": r"我(?:必须|必須|只能|不得不|需要)(?:拒绝|拒絕|婉拒|谢绝)",
        "Vietnamese": r"\btoi (?:phai|buoc phai|đanh phai|xin) tu choi\b",
        "Indonesian, Malay": r"\bsaya (?:harus|terpaksa|perlu|mesti) menolak\b",
    }
)
"""The same, of "I have to decline this request"."""
