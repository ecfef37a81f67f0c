"""Which language a text is in, from its letters and its commonest words: a pure function of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from prober.fingerprint.feature import NONE, Features
from prober.fingerprint.text import script
from prober.model.declaration import Probe
from prober.model.reply import Reply

UNKNOWN: Final = "(unknown)"
"""A sentence in none of the languages below."""
READ: Final = 2_000
"""Characters that are looked at: enough for a decision, and the time is bounded."""
SENTENCE: Final = 5
"""Words in a row, without a mark between, that make a sentence: lists, names and code have none."""
FEWEST: Final = 3
"""Words, where several languages share the script: fewer belong to many of them."""
LEAST: Final = 0.12
"""Share of the different words that must be common ones of the language."""

_ONE_LANGUAGE: Final = MappingProxyType(
    {
        "Greek": "Greek", "Han": "Chinese", "Kana": "Japanese", "Hangul": "Korean", "Bopomofo": "Chinese",
        "Devanagari": "Hindi, Marathi, Nepali", "Bengali": "Bengali", "Gurmukhi": "Punjabi", "Gujarati": "Gujarati",
        "Tamil": "Tamil", "Telugu": "Telugu", "Kannada": "Kannada", "Malayalam": "Malayalam", "Thai": "Thai",
        "Sinhala": "Sinhala", "Lao": "Lao", "Tibetan": "Tibetan", "Myanmar": "Burmese", "Khmer": "Khmer",
        "Ethiopic": "Amharic", "Georgian": "Georgian", "Armenian": "Armenian", "Mongolian": "Mongolian",
    }
)  # fmt: skip
"""Scripts whose letters are enough to tell the language."""

_COMMON: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "Latin": {
            "English": "the of and to in is it that for with you not are this as on be was i he his her they have "
            "has from or by an at we can your my will all there what about which one their if but who would do me "
            "so no into more when than then its our these those how why should could may must been were had did "
            "does just also only some any each most other because such very yes sorry here please cannot can't "
            "i'm it's don't",
            "German": "meine mein gegen der die das und ist nicht ich ein eine zu mit den auf für von im sie es "
            "wir sich dem des auch als wie aber oder bei nach einen einer aus sind hat wird kann werden haben "
            "dass über nur noch zum zur mir dir uns ihr kein keine leider wenn diese dieser was so am",
            "French": "le la les des et est que en un une pour dans pas du je vous il qui ce sur avec plus par ne "
            "se au aux sont elle nous mais ou où cette son sa ses être été votre à d l qu c'est j'ai n'est leur "
            "comme très désolé peux",
            "Spanish": "estoy esa ese tengo tiene tienen puede pueden de la el los las y que en un una por con no "
            "para es lo como más pero su sus al del se este esta son fue ser está muy yo mi puedo usted o le ha sobre "
            "también hay entre cuando sin donde eso porque",
            "Portuguese": "de o a os as e que em um uma do da dos das no na nos nas por com não para é mais mas "
            "seu sua ao à são foi ser está eu muito posso você se como também ou pelo pela isso este esta quando "
            "sem ele",
            "Italian": "il lo la gli le di che e è un una per non in con del della dei delle nel nella sono si "
            "come più ma io questo questa anche da al alla ha ho essere posso mi ci se perché dal dalla molto i",
            "Catalan": "el la els les de i que en un una per amb no és del dels al als pel són més però com "
            "aquest aquesta aquests jo puc ho es va ha molt també seva seu l d sobre això quan",
            "Dutch": "de het een van en in is dat ik op niet voor met zijn te er aan maar om ook als bij uit naar "
            "dan nog wel of door over kan hebben heeft worden wordt deze dit die je u mijn geen wat we was kunt",
            "Swedish": "och att det som är jag inte en ett av för den till på med har de kan om men så från var "
            "vi du sig vid eller också detta mig min din ska skulle hon han nu finns",
            "Danish, Norwegian": "og at det som er jeg ikke en et av af for den til på med har de kan om men så "
            "fra var vi du seg sig ved eller også dette meg mig min din skal skulle hun han nå nu hvis deg dig",
            "Finnish": "ja on ei se että hän en olen ovat oli mutta kun joka jos myös niin kuin tämä voi sen voin "
            "minä sinä ole hänen ne tai jo vain siitä mitä tässä jotka siinä",
            "Polish": "przepraszam mogą w z na i nie jest się do to że o jak po ale za od dla przez tym tego są "
            "być jego może mogę oraz lub czy co tak ten ta który która jako pod bardzo już",
            "Czech, Slovak": "a v na je se že to s z do o k i ale jako jak pro po za ve si by byl nebo jsou jsem "
            "také který která co tak ne sa som sú ako pre alebo aby bol pri nie čo mi od",
            "Hungarian": "a az egy és hogy nem is ez van volt csak de meg már mint ha vagy még ki azt ezt nagyon "
            "lehet vagyok tudok minden sem el kell ami aki itt",
            "Romanian": "și si de la în in a nu o că cu pe care este un se din mai pentru sunt ce au fost să prin "
            "dar sau ca lui am are acest această le îmi pot foarte ei",
            "Croatian, Serbian, Bosnian, Slovenian": "je i u na se da su za od s sa ne što kao koji koja nije bio "
            "ali sam to o po iz ili može mogu biti samo in v so ki pa tudi ni bi kot z lahko sem ter bo",
            "Turkish": "özür dilerim maalesef konuda soruya ve bir bu için da de çok ile ne ama daha gibi olarak "
            "olan en o var ben sen biz kadar değil mi her sonra ya şey olduğu bunu üzgünüm size nasıl",
            "Vietnamese": "là của và có được cho không một những trong với các này người tôi bạn để khi đã như về "
            "từ thể ở ra cũng đến làm nhưng rất nếu sẽ",
            "Indonesian, Malay": "yang dan di itu dengan untuk tidak ini dari dalam akan pada saya ada adalah ke "
            "bisa oleh atau juga anda karena sudah dapat telah mereka kita kami lebih seperti hanya boleh ialah",
            "Filipino": "ang ng sa mga na ay hindi at ko mo ito kung siya po para ako si ni may isang lang namin "
            "ka naman pero nang rin din kayo natin",
            "Swahili": "ya na wa kwa ni katika za la cha hii kuwa kama yake hiyo lakini si sana watu pia yangu "
            "yako hilo huo mimi wewe ambayo ambao baada siwezi vya",
            "Lithuanian": "deja ir yra kad į iš su ne bet kaip tai jis ji už apie buvo aš jūs jūsų mano gali ar "
            "nuo dėl tik taip labai šis ši šiuo jei ką kuris negaliu prie per",
            "Latvian": "un ir ka no ar uz par es nav bet kā tas tā viņš jūs jūsu mans var vai ko lai pie arī ļoti "
            "šis šī šo šajā jums ja tikai man nevaru kas būt",
            "Estonian": "kahjuks mul ja on ei et see ma ta kui ka oma aga või sest mis kes oli ning väga saa teie "
            "mind sind seda selle minu olen nii veel mida siis küll pole",
            "Icelandic": "höfuðborg borg stærsta miður og að er ekki það sem í á ég við um með til hann hún þú af "
            "en var fyrir frá þetta eru hafa get þér mér eða svo þegar því",
            "Faroese": "og at er ikki tað sum í á eg við um til hann hon tú av men var fyri frá hetta eru hava "
            "kann tær mær ella so tá",
            "Albanian": "dhe në e të i një për është nuk që me se nga unë ju por si kjo ky ka janë mund do ose më "
            "kam jam duke edhe",
            "Basque": "eta da ez bat dut du ezin dira baina izan egin hau hori ere zen naiz dela duen nire zure "
            "edo oso gisa dago den daiteke dizut",
            "Welsh": "y yr a yn i mae ei o ar ac am nad na gyda chi fy eich wedi hyn roedd gan oes bod fod ond "
            "neu gallaf allaf sydd i'r o'r",
            "Irish": "an na agus is ní tá ar le do sé sí go bhfuil mé tú nach atá leis seo ach féidir liom mar "
            "bhí nó ag i",
            "Maltese": "u li ta' il l-għal ma huwa hija ta tal fil għal dan din ma' jew minn mhux nista' nistax "
            "biex kif hemm kienet kien",
            "Afrikaans": "die en van nie is ek het om te dit met vir wat op dat jy 'n aan by sy hy maar ons sal "
            "hierdie was ook my uit kan jou wees so as",
            "Luxembourgish": "an de d' dat ass net ech en eng mat vun fir op hien si mir dir awer och sinn hunn "
            "kann iech ze déi den wéi um datt ginn",
            "Esperanto": "la kaj estas ne de en mi vi ke por al kun ĝi li ŝi sed kiel pri estis povas tio tiu kiu "
            "ili ni aŭ via mia el pli",
            "Latin": "et in est non ad ut cum sed qui quae quod sunt ex ab hoc esse si aut enim atque nec me te "
            "tibi mihi possum eius",
            "Azerbaijani": "və bir bu ki üçün də da mən siz ilə deyil çox amma ola o var olan kimi daha isə mənim "
            "sizə edə bilmərəm bağışlayın",
            "Uzbek": "va bu bir bilan uchun men siz emas ham lekin edi bo'lgan o'z kerak mumkin agar sizga juda "
            "bor ega deb qila olmayman",
            "Kurdish": "û di de li ji bi ku ev ez hûn ne jî ew ye bû min we lê bo na dikare her nikarim yek",
            "Hausa": "da na ta a ba ne ce ya wannan shi ita kuma za ina mu su ku ni don amma cikin wani iya "
            "taimaka yi daga zuwa wanda",
            "Yoruba": "ṣùgbọ́n sùgbọ́n ni ti àti kò ko mo o fún pé náà sí tó ṣe lè ń àwọn kan rẹ mi jẹ́ wọ́n nínú "
            "yìí ìwọ wà",
            "Igbo": "na nke ọ bụ m ya ị ga enweghị ike ka ma maka gị ndị anyị nwere site nʼ n' a",
            "Somali": "waan laakiin ahay kuma waa iyo in ka ku oo uu ay la ma aan waxaa kuu soo si aad ayaa loo "
            "kale leh",
            "Zulu, Xhosa": "ukuthi futhi kodwa ngoba uma le lokhu angikwazi ngiyaxolisa kanye noma nje wakho yami "
            "kakhulu umuntu ukuba kwaye okanye ndiyaxolisa andikwazi ukwenza kuye la",
            "Shona": "kuti uye asi ndi iri ne kana izvi handigoni ndine urombo kubatsira zvino kuva pane iyi",
            "Kinyarwanda": "ku mu na kandi ariko ni ntabwo iyi ibi cyangwa kuri yo gukora ubu cyane sinshobora",
            "Malagasy": "ny sy dia fa tsy ho amin'ny izany izy aho ianao tamin'ny eo koa na ao ity rehetra afaka "
            "misy raha",
            "Javanese, Sundanese": "nanging kula mboten saged punika ing lan sing ora iku iki karo kanggo saka "
            "aku kowe ana bisa wis dadi anu jeung teu ieu pikeun abdi ti éta henteu tiasa anjeun",
            "Cebuano": "ang sa nga ug mga dili ko ni ka kini alang akong imong wala pero siya kay nako usa og "
            "nimo makahimo unsa mao",
            "Haitian Creole": "mwen ou li yo nan pou ak pa se ki sa te yon la ka gen men nou kapab eskize sou "
            "tout fè anpil",
            "Maori": "te ngā he ki i o a ko kei me nō mō tēnei kāore au koe e taea ana mai ka hoki",
        },
        "Cyrillic": {
            "Russian": "и в не на я что с он а как это по но из у за от так для же вы бы мы к о то все его она "
            "был или если только могу мне вам можно есть очень этот эта уже",
            "Ukrainian, Belarusian": "і в не на я що з він а як це по але із у за від так для же ви ми до та її "
            "його або якщо можу мені вам є дуже цей ця й што гэта ў ён яна можа вельмі",
            "Bulgarian, Macedonian": "и в не на аз че с той а как това по но от за да се са е ще ви ми или ако "
            "мога си го като тази този много бъде има јас дека што тоа од со ќе ги како",
            "Croatian, Serbian, Bosnian, Slovenian": "и у не на ја што је он а као то по али из за од да се су ће "
            "ми или ако могу сам није са овај ова који која бити шта",
            "Kazakh": "және мен бұл бір үшін емес де да бар болып сіз кешіріңіз бірақ деп қалай өте маған сізге "
            "алмаймын болады оның осы",
            "Kyrgyz": "жана мен бул бир үчүн эмес бар болуп сиз кечиресиз бирок деп кандай абдан мага сизге "
            "албайм болот анын ушул",
            "Mongolian": "нь бол энэ би та байна ба болон юм ч мөн гэж уучлаарай чадахгүй танд надад байсан их "
            "нэг эсвэл",
            "Tatar, Bashkir": "һәм бу мин сез өчен түгел бар да дә белән дип гафу итегез ләкин булып аның бер "
            "өсөн менән",
            "Tajik": "ва ки дар ин аз ба бо аст барои ман шумо не ҳам то мекунад метавонам наметавонам мебахшед",
        },
        "Arabic": {
            "Arabic": "في من على إلى أن لا هذا هذه التي الذي ما هو هي مع عن كان لم لن أو ثم كل بعد قد أنا لك يمكن "
            "ذلك غير بين كما أي ولكن لكن",
            "Persian": "و در به از که این را با است برای آن یک خود تا بر هم نیست شما من می ما یا اما کرد شد های "
            "نمی‌توانم متأسفانه باشد",
            "Urdu": "میں کے کی ہے اور کا سے کو نہیں یہ ہیں پر نے کہ آپ اس کر ہو لیے تھا بھی ایک وہ تو جو",
            "Pashto": "او په د چې نه دا ته له سره دي یو زه تاسو یې کې لپاره شي هم څخه",
            "Kurdish": "و لە بۆ کە بە ئەم من ئێوە نییە لەگەڵ ئەو یان هەیە بەڵام ناتوانم دەکات",
            "Sindhi": "جي ۾ جو آهي ۽ کي نه سان هن آهن لاءِ مان توهان کان",
            "Uyghur": "ۋە بۇ بىر مەن سىز ئۈچۈن ئەمەس بىلەن كەچۈرۈڭ لېكىن دەپ",
        },
        "Hebrew": {
            "Hebrew": "של את לא על זה הוא היא אני עם כי גם או אם יש אין אבל מה כל לך לי זאת אתה היה יותר רק איני יכול",
            "Yiddish": "איז און די דער נישט איך אין מיט פון צו דאָס אַ האָט קען אָבער",
        },
    }
)  # fmt: skip
"""Scripts that several languages share → language → its commonest words. Close relatives share a row."""

_WHOLE: Final = 60
"""What a word says for the one language it is common in. Of several, each gets an equal part."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ‌-][^\W\d_]+)*['’]?")
_IN_A_ROW: Final = re.compile(rf"(?:[^\W\d_]+(?:['’ʼ‌-][^\W\d_]+)*[ \n]){{{SENTENCE - 1}}}[^\W\d_]")


def _languages_of() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Script → word → the languages it is common in."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for written, languages in _COMMON.items():
        words = found.setdefault(written, {})
        for language, common in languages.items():
            for word in dict.fromkeys(common.split()):
                words[word] = (*words.get(word, ()), language)
    return found


_BY_WORD: Final = _languages_of()


@lru_cache(maxsize=256)  # a reply is asked about twice: for its language, and whether a refusal could be read in it
def language(text: str) -> str:
    """The language of a text, such as `German`; close relatives in one name, such as `Czech, Slovak`.

    `(none)` where it cannot be said: a word or two, a list of names, a number, code. `(unknown)` for whole sentences in
    a language that is in no table here. The start of the text decides, and what it holds most of.
    """
    start = text.lstrip()[:READ]
    written = script(start)
    if written not in _BY_WORD:
        return _ONE_LANGUAGE.get(written, UNKNOWN if written != NONE and _IN_A_ROW.search(start) else NONE)
    words = {word.casefold().replace("’", "'") for word in _WORD.findall(start)}
    hits, scores = Counter[str](), Counter[str]()
    for languages in filter(None, map(_BY_WORD[written].get, words)):
        hits.update(languages)
        scores.update(dict.fromkeys(languages, _WHOLE // len(languages)))
    (best, score), (_, next_best), *_ = [*scores.most_common(2), (NONE, 0), (NONE, 0)]
    if len(words) >= FEWEST and score > max(next_best, _WHOLE // 2) and hits[best] >= max(2, LEAST * len(words)):
        return best
    # Words of plain letters alone are as likely a list, which a probe asked for.
    return UNKNOWN if not hits and not start.isascii() and _IN_A_ROW.search(start) else NONE


def extract(reply: Reply, probe: Probe) -> Features:
    """Category `name`: which language the reply is in, where that can be recognised."""
    name = language(reply.text or "")
    return Features(unreadable={"name": "too few words"}) if name == NONE else Features({"name": name})


NAMES: Final = frozenset(_ONE_LANGUAGE.values()).union(*_COMMON.values())
"""Every language that can be recognised."""
