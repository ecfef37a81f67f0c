"""Words that somebody else spoke, without quotes: "Sorry, said Maria, she cannot come". One table of verbs by language.

The texts are `normal`: lower case, no accents. Only the third person counts: a model says "I said" of itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.language import folded

SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": (
            r"said|says|asked|answered|replied|whispered|shouted|wrote|writes|told (?:me|us|him|her|them|\w+)|added"
            r"|explained|murmured|muttered|mumbled|cried|sighed|exclaimed|admitted|insisted|announced"
            r"|snapped|responded"
        ),
        "German": (
            r"sagt|sagte|antwortete|erwiderte|flusterte|rief|schrieb|schreibt|erklarte?|meinte?|murmelte|entgegnete"
            r"|seufzte|betonte|fugte \w+ hinzu|heisst es|hiess es|so (?=(?:der|die|das|ein|eine)\b)"
        ),
        "French": (
            r"dit|repondit|declara|repliqua|murmura|ecrivit|ajouta|expliqua|chuchota|s'ecria|cria"
            r"|(?:(?:m'|lui |nous )?a(?:-t-(?:il|elle))?) (?:dit|repondu|declare|ecrit|ajoute|explique|murmure)"
        ),
        "Spanish": (
            r"dijo|dice|respondio|contesto|replico|susurro|grito|escribio|anadio|explico|afirmo|murmuro|exclamo"
        ),
        "Portuguese": r"disse|diz|respondeu|replicou|sussurrou|gritou|escreveu|acrescentou|explicou|afirmou|murmurou",
        "Italian": (
            r"disse|dice|rispose|replico|sussurro|grido|scrisse|aggiunse|spiego|mormoro|esclamo"
            r"|(?:gli |le |mi |ci )?ha (?:detto|risposto|scritto|spiegato|aggiunto)"
        ),
        "Dutch": r"zei|zegt|antwoordde|schreef|fluisterde|riep|vertelde|mompelde|zuchtte|verklaarde",
        "Swedish, Danish, Norwegian": (
            r"sa|sade|sagde|siger|svarade|svarede|svarte|skrev|viskade|hviskede|hvisket|ropade|rabte|ropte"
            r"|forklar(?:ade|ede|te)"
        ),
        "Finnish": r"sanoi|vastasi|kirjoitti|kuiskasi|huusi|totesi|selitti",
        "Polish": (
            r"(?:od)?powiedziala?|odparla?|szepna[lł]|szepnela|napisala?|krzykna[lł]|krzyknela|dodala?|rzekla?|mowi"
        ),
        "Czech, Slovak": r"rekla?|odpovedela?|(?:od)?povedala?|nap[ií]sala?|zaseptala?|dodala?|vysvetlila?",
        "Hungarian": r"mondta|valaszolta|felelte|irta|suttogta|kialtotta",
        "Romanian": r"a (?:spus|raspuns|scris|adaugat|soptit|explicat)|spuse|raspunse|zise",
        "Croatian, Serbian, Bosnian, Slovenian": r"rekao|rekla|(?:je )?rekel|odgovori(?:o|la)|kaze|kazala?|napisala?",
        "Turkish": r"dedi|diyor|yanıtladı|cevap verdi|fısıldadı|bagırdı|yazdı",
        "Russian": (
            r"сказал[аи]?|ответил[аи]?|написал[аи]?|прошептал[аи]?|крикнул[аи]?|добавил[аи]?|объяснил[аи]?"
            r"|произн[её]с(?:ла)?|заявил[аи]?|говорит|отвечает"
        ),
        "Ukrainian, Belarusian": (
            r"сказа(?:в|ла)|відпові(?:в|ла)|написа(?:в|ла)|прошепоті(?:в|ла)|дода(?:в|ла)|поясни(?:в|ла)|каже"
        ),
        "Bulgarian, Macedonian": r"каза|отговори|написа|прошепна|извика|добави|рече",
        "Greek": r"ειπε|λεει|απαντησε|εγραψε|ψιθυρισε|φωναξε|προσθεσε",
        "Hebrew": r"אמרה?|ענ(?:ה|תה)|השיבה?|כתבה?|לחשה?",
        "Arabic": r"قالت?|يقول|أجابت?|ردت?|كتبت?|همست?",
        "Persian": r"گفت|می‌گوید|پاسخ داد|جواب داد|نوشت",
        "Hindi, Marathi, Nepali": r"(?:ने )?(?:कहा|जवाब दिया|उत्तर दिया|लिखा)|बोला|बोली|म्हणाला|म्हणाली",
        "Bengali": r"বলল|বললেন|বলেছেন|উত্তর দিল|উত্তর দিলেন|লিখল",
        "Vietnamese": r"noi(?! (?:chung|cach|that|tom|đung))|tra loi|đap|viet|thi tham",
        "Indonesian, Malay": r"kata|ujar|jawab|tulis|bisik|sahut|tutur",
    }
)
"""Languages → third persons of verbs by which speech is attributed."""

_SAID: Final = folded("|".join(SAID.values()))
_WRITER: Final = (
    r"(?:i|we|you|ich|wir|sie bitte|je|nous|vous|yo|nosotros|eu|io|noi|ik|wij|jag|vi|jeg|mina|ja|my|eu|ben|biz|я|мы|вы"
    r"|ты|ви|ти|аз|εγω|أنا|من|मैं|আমি|toi|saya|kami)"
)
_WORD: Final = r"[^\s\d,.!?;:()'–—،।-]+"
_NO_NAME: Final = (
    r"(?:as|it|that|this|so|like|what|which|just|wie|was|comme|ce|como|lo|o|come|zoals|som|jak|kuten|ahogy|cum|kako"
    r"|как|что|як|що|както|οπως|nhu|seperti|in|to|with|by|at|before|above|earlier|previously|already|but|if|when"
    r"|whatever|because|since|although|though|unless|even|wenn|weil|falls|si|se|cuando|quando|als|omdat|om|hvis|jesli"
    r"|если|якщо|jika|kalau|neu|autrement|cela|ceci|soit|باید"
    r"|the (?:policy|system|guideline|request|user|question|prompt|message)|(?:my|our|your) \w+)"
)
_THEN: Final = r"(?:and|but|so|then|later|finally|afterwards|eventually|at last|in the end)"
"""How a sentence of a story begins."""
_NAME: Final = rf"(?:(?:the|an?|his|her|their) )?{_WORD}(?: {_WORD})?"
_END: Final = r"(?=\s*(?:[,.!?;:–—،।]|-\s|$)|,? (?:and|und|et|y|e|en|och|og|ve|и|і|و)\b)"
_BEFORE: Final = r"(?:[,!?;–—،।]|(?<=[\s.!?'])-|^-)\s*-?\s*"
ATTRIBUTED: Final = re.compile(
    rf"{_BEFORE}(?:{_SAID})(?:-t)?[\s-](?!{_WRITER}\b|{_NO_NAME}\b){_WORD}(?:[\s'-]{_WORD}){{0,3}}{_END}"
    rf"|{_BEFORE}(?!{_WRITER}\b|{_NO_NAME}\b){_NAME} (?:{_SAID}){_END}"
    rf"|{_BEFORE}(?:{folded(SAID['French'])}){_END}"  # m'a-t-il dit
    rf"|^(?:{_THEN},? )*+(?!{_WRITER}\b|{_NO_NAME}\b|here\b){_NAME} (?:{_SAID})(?:\s?[,:]| (?=(?:i'm \w* ?)?sorry\b))"
    r"|[，,](?![如正])[^，,。！？\s我您你不没沒无無能法的]{1,6}(?:说|說|回答|答道|写道|寫道|问道|問道)(?:道)?[，,。：:]"
    r"|(?:と|って)[^。！？]{1,15}(?:言った|言いました|答えた|答えました|述べた|述べました|話した|書いた)"
    r"|(?:다|라)고 ?[^.!?]{1,15}(?:말했|답했|대답했|썼)"
)
"""Speech that is attributed to a third person: after a comma or dash and before the next stop, or at the start."""

_SOME_NAME: Final = r"(?:\w+(?:'s)? ){1,5}?"
_OTHERS: Final = r"(?:his|her|their|its|the \w+'s|the \w+s')"
_UTTERANCE: Final = (
    r"(?:repl(?:y|ies)|answers?|responses?|words?|messages?|lines?|sentences?|comments?|statements?|reactions?|e-?mails?"
    r"|letters?|notes?|rules?|reasons?|excuses?|explanations?|signs?|warnings?|refusals?)"
)
ANNOUNCED: Final = re.compile(
    r"\W{0,3}(?![^:：]{0,80}\b(?:i|me|my|we|us|our|you|your)\b)(?:"
    + "|".join(
        (
            rf"(?:the|this|that|an?|his|her|their|its) {_SOME_NAME}(?:states?|stated|says?|said|reads?|declare[sd]?"
            r"|answer(?:s|ed)?|repl(?:y|ies|ied)|respond(?:s|ed)?|wrote|writes?|announce[sd]?|explain(?:s|ed)?|went|goes)",
            rf"{_OTHERS} (?:\w+ ){{0,3}}{_UTTERANCE} (?:was|were|is|are|had been)",
            rf"(?:the|a) (?:\w+ ){{0,2}}{_UTTERANCE} (?:of|on|from|in) (?:\w+ ){{1,4}}(?:was|were|is|are)",
            r"one of (?:the|his|her|their|its) (?:\w+ ){1,3}(?:was|is)",
            r"(?:sein|ihr|deren)e?r? (?:\w+ )?(?:antwort|reaktion|nachricht|worte?|satz|kommentar) (?:war(?:en)?|ist"
            r"|laute\w+)",
            r"(?:der|die|das) (?:\w+ ){1,3}(?:besag\w+|laute\w+|heisst|hiess|sag(?:t|te|en|ten)|schreib\w*"
            r"|antwortet\w*)",
            r"(?:sa|son|leur) (?:\w+ )?(?:reponse|replique|message|reaction|phrase) (?:etait|fut|est|a ete)",
            r"(?:la|le|les) (?:\w+ ){1,3}(?:stipul\w+|dit|disent|indiqu\w+|declar\w+|precis\w+|repond\w*)",
            r"(?:su|la) (?:respuesta|mensaje|reaccion|frase)(?: de \w+)? (?:fue|era|es)",
            r"(?:el|la|los|las) (?:\w+ ){1,3}(?:dicen?|establecen?|indican?|respondio|respondieron)",
            r"(?:a|sua|a sua) (?:resposta|mensagem|frase)(?: (?:dele|dela|deles|delas))? (?:foi|era)",
            r"la (?:sua|loro) (?:risposta|reazione|frase) (?:fu|era|e stata)",
            r"(?:zijn|haar|hun) (?:antwoord|reactie|bericht) (?:was|luidde|is)",
            r"(?:его|ее|их) (?:ответ|слова|реакция)(?: был[аи]?)?",
        )
    )
    + r") ?[:：]"
)
"""What stands before a colon and somebody else's words, such as "Her reply was:". Nothing of the writer's own."""
