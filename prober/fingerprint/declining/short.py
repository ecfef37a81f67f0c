"""Replies that decline and say nothing else, such as "I can't do that, unfortunately.": how each language says so.

Patterns of longer refusals look for what is declined. Here there is only "that", so the whole sentence must be one of
these: it begins the reply, and it ends where the sentence ends. What anybody may say of a thing ("that is not
possible") declines only with an apology, and only where the reply ends there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_BUT: Final = r"(?:(?:but|aber|mais|pero|mas|ma|maar|men|mutta|ale|no|de|dar|ali|но|але|αλλα|ama|nhung|tapi|tetapi) )?"
_COMMA: Final = r"[ ,.!:;、،–—-]{0,3}"
_GAP: Final = rf"{_COMMA}{_BUT}"
_END: Final = r"(?= ?(?:[.!。।…]|$))"
_REGRET: Final = (
    r"(?:unfortunately|regrettably|sadly|malheureusement|lamentablemente|desafortunadamente|infelizmente|purtroppo"
    r"|helaas|tyvarr|desværre|dessverre|valitettavasti|niestety|bohuzel|bohuzial|sajnos|din pacate|na ?zalost"
    r"|на ?жалост|maalesef|ne yazık ki|sayangnya|sayang sekali|к сожалению|увы|на жаль|за съжаление|за жал|δυστυχως"
    r"|לצערי|للأسف|للاسف|مع الأسف|متأسفانه|متاسفانه|दुर्भाग्य से|दुर्भाग्यवश)"
)
_NO: Final = r"(?:no|non|nao|nee|nej|nei|nie|ne|nem|nu|не|hayır|khong|tidak|нет|ні|οχι|לא|لا|نه|नहीं)"
_END_OF_REPLY: Final = r" ?[.!。।]{0,3}$"


def short(sorry: str, cannot: str, impossible: str = "(?!)") -> str:
    """The pattern of one language.

    Args:
        sorry: An apology or regret.
        cannot: Whole sentences in which somebody declines, with the places where an apology may stand in them.
        impossible: Whole sentences that say that a thing cannot be done.
    """
    # A bare no that is regretted may answer a question: it declines nothing.
    answers = rf"(?!(?:(?:{sorry}|{_REGRET}){_COMMA}{_NO}|{_NO}{_COMMA}(?:{sorry}|{_REGRET})){_END_OF_REPLY})"
    return (
        rf"^(?:(?:{sorry}){_GAP})?(?:{cannot})(?:{_GAP}(?:{sorry}))?{_END}"
        rf"|^{answers}(?:(?:{sorry}){_GAP}(?:{impossible})|(?:{impossible}){_GAP}(?:{sorry})){_END_OF_REPLY}"
    )


_DE_REGRET: Final = r"(?:(?:leider|bedauerlicherweise|nun mal|einfach|so) )*"

SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "English": short(
            r"(?:i'm |i am )?(?:so |very |really )?(?:sorry|afraid)(?: about that)?|unfortunately|regrettably"
            r"|apologies|my apologies|sadly",
            r"(?:no,? )?(?:i|we)(?:'m| am| are)? (?:(?:unfortunately|simply|just|really|sadly) )?(?:can't|cannot|can "
            r"not|won't|will not|not able to|unable to|not going to|am not able to|refuse to) (?:(?:unfortunately"
            r"|possibly) )?(?:do|grant|fulfil|fulfill|carry out|accommodate|agree to|comply with) (?:that|this|it|so"
            r"|such a thing|what you ask|your request)(?: for you)?|(?:that|this)(?: is|'s) (?:not )?(?:something "
            r")?(?:i|we) (?:can't|cannot|won't) do",
            r"(?:that|this|it)(?: is|'s|s)(?: simply)? (?:not possible|impossible|out of the question|a no)|not "
            r"possible|no(?: can do)?",
        ),
        "German": short(
            r"(?:es )?tut mir (?:sehr |wirklich )?leid|leider|sorry|entschuldigung|entschuldige|verzeihung|bedaure"
            r"|bedauerlicherweise",
            r"(?:nein,? )?(?:das|dies|dem|so etwas|so was|diesen wunsch|diese bitte|diesen gefallen|dieser bitte) "
            r"(?:kann|darf|will|werde|mochte|konnen|durfen) (?:ich|wir) (?:(?:dir|ihnen|euch|fur dich|fur sie) "
            rf")?{_DE_REGRET}nicht(?: (?:tun|machen|ausfuhren|erfullen|nachkommen|erledigen|leisten|umsetzen"
            r"|ubernehmen|bieten|entsprechen))?"
            rf"|(?:nein,? )?(?:ich|wir) (?:kann|darf|will|werde|konnen|durfen) (?:das|dies|dem) {_DE_REGRET}nicht(?: "
            r"(?:tun|machen|ausfuhren|nachkommen|erledigen|leisten|umsetzen))?"
            rf"|(?:kann|darf) ich {_DE_REGRET}nicht(?: (?:tun|machen))?|(?:das|so etwas|so was) (?:mache|tue|tu) ich"
            rf" {_DE_REGRET}nicht|da(?:zu|fur) bin ich {_DE_REGRET}nicht (?:in der lage|bereit|befugt)"
            rf"|(?:das|dies) ist mir {_DE_REGRET}(?:nicht moglich|unmoglich)",
            r"(?:das|es|dies) (?:geht|ist) (?:so )?(?:nicht(?: moglich)?|unmoglich)|(?:geht|ist) das (?:so "
            r")?nicht(?: moglich)?|nicht moglich",
        )
        + r"|^(?:das|dies|es) (?:geht|ist) (?:leider|bedauerlicherweise) (?:nicht(?: moglich)?|unmoglich) ?[.!]{0,3}$",
        "French": short(
            r"(?:je suis )?(?:vraiment |sincerement )?(?:desolee?s?|navree?s?)|pardon|malheureusement|je regrette"
            r"|mes excuses",
            r"(?:non,? )?je ne (?:peux|puis|pourrai|vais|veux)(?: malheureusement)? pas (?:le |vous le )?(?:faire"
            r"|accepter|accomplir)(?: (?:ca|cela|ceci|une telle chose|ce que vous demandez))?|je n(?:e l|')?(?:en "
            r")?(?:peux|suis) pas (?:capable|en mesure)|(?:ca|cela),? je ne (?:peux|puis) (?:malheureusement "
            r")?pas(?: le faire)?|(?:ca|cela) ne m'est (?:malheureusement )?pas (?:possible|permis)|(?:ca|cela) "
            r"m'est impossible",
            r"(?:c'est|cela est|ce n'est|ca n'est) (?:pas possible|impossible)|ce ne sera pas possible|impossible|non",
        ),
        "Spanish, Portuguese": short(
            r"lo siento(?: mucho)?|lo lamento|perdona|perdone|disculpa|disculpe|desculpe|desculpa|sinto muito|lamento"
            r"|me desculpe|lamentablemente|desafortunadamente|infelizmente",
            r"(?:(?:no|nao),? )?(?:(?:eso|esto|isso|isto)(?: yo| eu)? )?(?:yo |eu )?(?:no|nao) (?:lo )?(?:puedo|podre"
            r"|posso|vou|voy a|quiero|quero|consigo|poderei)(?: (?:hacer|fazer)(?:lo|-lo|lhe)?)?(?: (?:eso|esto|isso"
            r"|isto|algo asi|tal coisa))?|eso no (?:lo )?(?:hago|hare)|isso (?:eu )?nao (?:faco|farei)|(?:eso|esto) "
            r"no me es posible|isso nao me e possivel",
            r"(?:(?:eso|esto|isso|isto) )?(?:no|nao) (?:es|e|sera) posi?s?s?ivel|(?:(?:eso|esto) )?no (?:es|sera) "
            r"posible|(?:eso |isso )?(?:es imposible|e impossivel)|(?:no|nao)(?: se puede)?",
        ),
        "Italian": short(
            r"mi dispiace(?: molto)?|mi spiace|spiacente|purtroppo|scusa|scusami|mi scusi|sono spiacente",
            r"(?:no,? )?(?:questo |cio )?non (?:lo )?(?:posso|faro|faccio|voglio)(?: (?:farlo|fare|fare (?:questo|cio"
            r"|una cosa del genere)))?|non sono in grado di farlo|(?:questo )?non mi e (?:possibile|permesso)",
            r"(?:questo )?non e possibile|(?:questo )?e impossibile|impossibile|no",
        ),
        "Chinese": short(
            r"(?:很|非常|十分|真的)?(?:抱歉|对不起|對不起|不好意思|遗憾|遺憾)",
            r"(?:(?:这个|這個|这|這|那|这件事|這件事|这事|那个|此事))?,?我(?:们|們)?(?:真的|实在|實在)?(?:做不了"
            r"|做不到|办不到|辦不到|(?:不能|无法|無法|不会|不會|不可以|不愿意?|不願意?|没办法|沒辦法)(?:这样做|這樣做"
            r"|这么做|這麼做|那样做|做(?:这个|這個|这件事)?|照办|照辦))|恕难从命|恕難從命|恕不能从|我(?:拒绝"
            r"|拒絕)(?:这样做|這樣做)?|(?:请)?恕我(?:无法|不能|無法)(?:从命|照办|遵命)",
            r"(?:这个|這個|这|這|那)?(?:不行|不可以|不可能|办不到|辦不到|做不到)",
        ),
        "Japanese": short(
            r"(?:大変|誠に)?(?:申し訳(?:あり|ござい)ません|申し訳ない(?:です)?|すみません|ごめんなさい|残念ながら"
            r"|恐れ入ります)(?:が|けど|けれど)?",
            r"(?:その|この)?(?:ような)?(?:それ|そのこと|そういうこと|ご依頼|ご要望|リクエスト|こと)?(?:は|に|には"
            r"|を)?(?:私には)?(?:お断り(?:します|いたします|致します|させていただきます)|お応えできません"
            r"|お受けできません|応じられません|できかねます|いたしかねます|致しかねます)|(?:それ|そういうこと"
            r"|そのようなこと|その(?:依頼|要望|ご依頼|ご要望))(?:は|を|には)(?:私には)?(?:すること(?:は"
            r"|が))?(?:でき(?:ません|ないです|かねます)|無理です|やりません|しません)",
            r"(?:それは)?(?:無理です|できません|不可能です|だめです|駄目です)",
        ),
        "Dutch": short(
            r"(?:het )?spijt me|sorry|helaas|excuses|neem me niet kwalijk",
            r"(?:nee,? )?(?:dat|dit|zoiets) (?:kan|mag|wil|zal|ga) ik (?:(?:helaas|jammer genoeg) )?niet(?: (?:doen"
            r"|maken|uitvoeren))?|(?:nee,? )?ik (?:kan|mag|wil|zal|ga) (?:dat|dit) (?:(?:helaas|jammer genoeg) "
            r")?niet(?: (?:doen|maken|uitvoeren))?|dat doe ik (?:helaas )?niet|(?:kan|mag) ik (?:helaas )?niet doen",
            r"(?:dat|dit) (?:gaat|kan|is) niet(?: mogelijk)?|(?:gaat|is) dat niet(?: mogelijk)?|niet mogelijk|nee",
        )
        + r"|^(?:dat|dit) (?:gaat|kan|is) helaas (?:niet(?: mogelijk)?|onmogelijk) ?[.!]{0,3}$",
        "Swedish": short(
            r"tyvarr|jag ar ledsen|ledsen|beklagar|forlat|jag beklagar|ursakta",
            r"(?:nej,? )?(?:det|detta) (?:kan|far|vill|tanker) jag (?:(?:tyvarr|inte) )*inte(?: (?:gora|utfora"
            r"|hjalpa till med))?|(?:nej,? )?jag (?:kan|far|vill|tanker) (?:tyvarr )?inte (?:gora|utfora) (?:det"
            r"|detta)|(?:kan|far) jag inte(?: gora (?:det|detta))?|(?:nej,? )?det gor jag (?:tyvarr )?inte",
            r"(?:det )?(?:gar|ar) (?:det )?inte(?: det)?(?: (?:att gora|mojligt))?|inte mojligt|nej",
        )
        + r"|^det (?:gar|ar) tyvarr inte(?: (?:att gora|mojligt))? ?[.!]{0,3}$",
        "Danish, Norwegian": short(
            r"desværre|dessverre|beklager|undskyld|unnskyld|jeg beklager|det beklager jeg",
            r"(?:nej|nei)?,? ?(?:det|dette) (?:kan|ma|vil|far) jeg (?:(?:desværre|dessverre) )?ikke(?: (?:gøre|gjøre"
            r"|utføre|udføre))?|(?:nej|nei)?,? ?jeg (?:kan|ma|vil|far) (?:(?:desværre|dessverre) )?ikke (?:gøre"
            r"|gjøre) (?:det|dette)|(?:kan|ma) jeg ikke(?: (?:gøre|gjøre)(?: det)?)?",
            r"(?:det )?(?:gar|er) (?:det )?ikke(?: (?:mulig|muligt))?|ikke muligt?|nej|nei",
        )
        + r"|^det (?:gar|er) (?:desværre|dessverre) ikke(?: muligt?)? ?[.!]{0,3}$",
        "Finnish": short(
            r"valitettavasti|anteeksi|pahoittelut|olen pahoillani|ikava kylla",
            r"(?:ei,? )?(?:en (?:voi|pysty|saa|aio) (?:valitettavasti )?(?:tehda|tekemaan) (?:sita|tata|niin|tuota)"
            r"|(?:sita|tata|tuota) en (?:valitettavasti )?(?:voi|pysty|saa|aio)(?: (?:tehda|tekemaan))?|en (?:voi"
            r"|pysty) (?:siihen|tahan))",
            r"(?:se|tama) ei (?:ole mahdollista|onnistu)|ei (?:onnistu|kay|voi)",
        ),
        "Polish": short(
            r"przepraszam|przykro mi|niestety|wybacz(?:cie)?",
            r"(?:nie,? )?(?:(?:tego|takiego czegos|czegos takiego|to) )?(?:niestety )?nie (?:moge|zrobie|bede"
            r"|potrafie|jestem w stanie)(?: (?:(?:tego|takiego czegos) )?(?:zrobic|wykonac|robic|spelnic))?(?: "
            r"(?:tego|tej prosby|takich rzeczy))?",
            r"(?:to )?(?:nie (?:jest )?mozliwe|niemozliwe|jest niemozliwe)|nie da rady|nie",
        ),
        "Czech, Slovak": short(
            r"(?:je mi|bohuzel|bohuzial)(?: (?:lito|luto))?|omlouvam se|promin(?:te)?|prepacte?|lutujem"
            r"|ospravedlnujem sa",
            r"(?:(?:ne|nie),? )?(?:(?:to|tohle|toto|takovou vec) )?(?:(?:bohuzel|bohuzial) )?(?:(?:udelat|urobit"
            r"|splnit) )?(?:nemohu|nemuzu|nemozem|neudelam|neurobim|nedokazu|nedokazem|nesmim|nesmiem)(?: (?:(?:to"
            r"|tohle|toto) )?(?:udelat|urobit|splnit))?(?: (?:to|tohle|toto))?",
            r"(?:to )?(?:neni mozne|nie je mozne|nejde|nelze|nemozne)|ne|nie",
        ),
        "Hungarian": short(
            r"sajnalom|sajnos|elnezest(?: kerek)?|bocsanat|bocsi",
            r"(?:nem,? )?(?:(?:ezt|azt|ilyet|erre|ilyesmit) )?(?:sajnos )?nem (?:tehetem(?: meg)?|csinalhatom"
            r"|tudom(?: (?:ezt|azt))? (?:megtenni|megcsinalni|teljesiteni)|vagyok ra kepes|fogom(?: (?:megtenni"
            r"|megcsinalni))?|teszem meg|csinalom(?: meg)?)(?: (?:ezt|azt))?",
            r"(?:ez|az) nem lehetseges|nem lehet|nem megy|nem",
        ),
        "Romanian": short(
            r"imi pare rau|din pacate|scuze|ma scuzati|imi cer scuze|regret",
            r"(?:nu,? )?(?:(?:asta|acest lucru|aceasta) )?nu (?:o |le )?(?:pot|voi|vreau)(?: (?:sa )?(?:(?:fac|face) "
            r"?)(?:asta|acest lucru|aceasta)?)?|nu sunt in masura sa fac asta",
            r"(?:asta |acest lucru )?nu (?:este|e) posibil|(?:este|e) imposibil|imposibil|nu",
        ),
        "Croatian, Serbian, Bosnian, Slovenian": short(
            r"zao mi je|na ?zalost|oprostite?|zal(?: mi je)?|izvinite?|жао ми је|на ?жалост|опростите|извините",
            r"(?:ne,? )?(?:(?:to|tako nesto|tega|ovo) )?(?:(?:na ?zalost|zal) )?(?:ne (?:mogu|morem|smijem|smem"
            r"|zelim)|necu)(?: (?:to|ovo|tega))?(?: (?:uciniti|napraviti|uraditi|storiti|naredim))?(?: (?:to|ovo))?"
            r"|(?:не,? )?(?:то|ово)? ?не (?:могу|смем|желим) (?:то|ово)? ?(?:да )?(?:урадим|учиним|урадити|учинити)?",
            r"to ni(?:je)? (?:moguce|mogoce)|(?:nije|ni) (?:moguce|mogoce)|то није могуће|ne|не",
        ),
        "Turkish": short(
            r"maalesef|uzgunum|cok uzgunum|kusura bakmayın|kusura bakma|ozur dilerim|ne yazık ki",
            r"(?:hayır,? )?(?:(?:bunu|onu|boyle bir seyi?|bu istegi) )?(?:ben )?(?:yapamam|yapamıyorum|yapamayacagım"
            r"|yapmayacagım|yapmam|yerine getiremem|gerceklestiremem)",
            r"(?:bu|boyle bir sey|o) ?(?:mumkun degil|olmaz|olamaz|imkansız)|mumkun degil|olmaz|hayır",
        ),
        "Vietnamese": short(
            r"(?:toi )?(?:rat |thanh that )?(?:xin loi|rat tiec|tiec qua|tiec la|lay lam tiec)",
            r"(?:khong,? )?(?:toi|minh|em|tui) (?:rat tiec )?(?:khong (?:the|lam|muon|đuoc phep)(?: (?:lam|thuc "
            r"hien))?(?: đuoc)?(?: (?:viec|đieu)? ?(?:đo|nay|vay|the|nhu vay))?)",
            r"(?:(?:viec|đieu)? ?(?:đo|nay) )?(?:la )?khong (?:the(?: đuoc)?|đuoc|kha thi)|khong",
        ),
        "Indonesian, Malay": short(
            r"maaf(?:kan saya)?|mohon maaf|sayangnya|minta maaf|sayang sekali",
            r"(?:tidak,? )?(?:saya|aku|kami) (?:tidak|tak) (?:dapat|bisa|boleh|mampu|akan|mau) (?:melakukan|membuat"
            r"|memenuhi)(?:nya)?(?: (?:itu|hal itu|hal tersebut|ini|permintaan itu))?|(?:hal )?(?:itu|ini) (?:tidak"
            r"|tak) (?:dapat|bisa|boleh|akan) (?:saya|aku|kami) (?:lakukan|buat|penuhi)",
            r"(?:(?:hal )?(?:itu|ini) )?(?:tidak|tak) (?:bisa|boleh|mungkin|dapat)(?: dilakukan)?|tidak",
        ),
        "Russian": short(
            r"к сожалению|извини(?:те)?|прости(?:те)?|прошу прощения|мне (?:очень )?жаль|увы|сожалею",
            r"(?:нет,? )?(?:(?:этого|это|такого|такое) )?(?:я )?(?:(?:этого|это|такого|так) )?(?:(?:к сожалению,? "
            r")?(?:сделать|делать|выполнить) )?не (?:могу|смогу|буду|стану|сделаю|хочу)(?: (?:этого|это|так"
            r"|такого))?(?: (?:сделать|делать|поступить|выполнить))?(?: (?:этого|это|такого|так))?",
            r"(?:это )?(?:невозможно|не возможно|исключено|не получится)|нет",
        ),
        "Ukrainian, Belarusian": short(
            r"на жаль|вибач(?:те)?|пробач(?:те)?|перепрошую|мені (?:дуже )?шкода|прабачце",
            r"(?:ні,? )?(?:(?:цього|це|такого|таке) )?(?:я )?(?:(?:цього|це|такого) )?(?:(?:зробити|робити) )?не "
            r"(?:можу|зможу|буду|зроблю|хочу|магу)(?: (?:цього|це|так|такого))?(?: (?:зробити|робити|виконати))?(?: "
            r"(?:цього|це))?",
            r"(?:це )?(?:неможливо|не можливо|не вийде)|ні",
        ),
        "Bulgarian, Macedonian": short(
            r"съжалявам|за съжаление|извинете|извинявай(?:те)?|простете|за жал|жал ми е",
            r"(?:не,? )?(?:(?:това|тоа) )?(?:за съжаление )?не (?:мога|можам|искам|сакам)(?: (?:да )?(?:го "
            r")?(?:направя|сторя|направам|изпълня))?(?: (?:това|тоа))?|няма да (?:го )?направя(?: това)?",
            r"(?:това )?(?:не е възможно|е невъзможно|няма как)|невъзможно|не",
        ),
        "Greek": short(
            r"λυπαμαι(?: πολυ)?|συγγνωμη|δυστυχως|με συγχωρειτε",
            r"(?:οχι,? )?(?:αυτο )?(?:δυστυχως )?(?:δεν (?:μπορω|θα|επιτρεπεται|γινεται)) (?:να )?(?:το )?(?:κανω"
            r"|εκτελεσω)(?: (?:αυτο|κατι τετοιο))?|αυτο δεν μπορω(?: να το κανω)?",
            r"(?:αυτο )?δεν (?:ειναι δυνατον|γινεται)|(?:ειναι )?αδυνατον|οχι",
        ),
        "Hebrew": short(
            r"(?:אני )?(?:מצטער|מצטערת|מתנצל|מתנצלת)|סליחה|לצערי",
            r"(?:לא,? )?(?:(?:את זה|זה|דבר כזה) )?(?:לצערי )?(?:אני )?(?:לא (?:יכול|יכולה|אוכל|מוכן|אעשה)|אינני "
            r"יכול)(?: (?:לעשות|לבצע)(?: (?:את זה|זאת|כך|דבר כזה))?)?",
            r"(?:זה )?(?:לא אפשרי|בלתי אפשרי|לא ניתן)|אי אפשר|לא",
        ),
        "Arabic": short(
            r"عذرًا|عذرا|المعذرة|آسف|اسف|أنا آسف|للأسف|للاسف|معذرة|أعتذر|مع الأسف",
            r"(?:لا,? ?،? ?)?(?:(?:هذا|ذلك) )?(?:أنا )?(?:لا (?:أستطيع|يمكنني|أقدر|أريد)|لن (?:أستطيع|أتمكن من|أقوم ب"
            r"|أفعل)|ليس بإمكاني|لست قادرا على|ما أقدر) ?(?:ال)?(?:قيام ب|فعل|أن أفعل|تنفيذ|عمل)? ?(?:هذا|ذلك|هذا "
            r"الأمر|هذا الطلب)?|لا يمكنني",
            r"(?:هذا|ذلك|الأمر) (?:غير ممكن|مستحيل|لا يمكن)|غير ممكن|لا",
        ),
        "Persian": short(
            r"متأسفم|متاسفم|متأسفانه|متاسفانه|ببخشید|شرمنده|عذر می ?خواهم|معذرت می ?خواهم",
            r"(?:نه,? ?،? ?)?(?:من )?(?:(?:این کار|آن کار|این|آن|چنین کاری) ?(?:را|رو)? ?)?(?:نمی ?(?:توانم|تونم|کنم)"
            r"|نخواهم کرد)(?: (?:این کار|آن کار|چنین کاری)(?: (?:را|رو))?)?(?: ?(?:انجام )?(?:دهم|بدهم|بدم|بکنم))?"
            r"|(?:من )?(?:نمی ?توانم|نمی ?تونم) (?:این کار|آن کار|چنین کاری) (?:را|رو) (?:انجام )?(?:دهم|بدهم|بکنم)",
            r"(?:این )?(?:ممکن نیست|امکان ?پذیر نیست|نمی ?شود|غیرممکن است)|نه",
        ),
        "Hindi, Marathi, Nepali": short(
            r"(?:मुझे )?(?:क्षमा (?:करें|कीजिए)|माफ़? (?:करें|कीजिए|कीजिएगा|करना)|माफ़ (?:करें|कीजिए|कीजिएगा|करना)|खेद "
            r"है|अफ़सोस है|अफसोस है|दुर्भाग्य से|दुर्भाग्यवश)",
            r"(?:नहीं,? )?(?:मैं )?(?:(?:यह|ये|ऐसा|वह|इसे|ऐसा काम|यह काम) )?(?:मैं )?नहीं कर (?:सकता|सकती|पाऊंगा"
            r"|पाऊँगा|पाऊंगी|पाऊँगी)(?: हूँ| हूं)?|(?:(?:यह|ये|ऐसा) )?मुझसे नहीं (?:होगा|हो पाएगा|हो सकता)",
            r"(?:(?:यह|ये|ऐसा) )?(?:संभव|सम्भव|मुमकिन) नहीं(?: है)?|नहीं",
        ),
        "Bengali": short(
            r"দুঃখিত|আমি দুঃখিত|ক্ষমা করবেন|মাফ করবেন|দুর্ভাগ্যবশত",
            r"(?:না,? )?(?:আমি )?(?:(?:এটা|এটি|এই কাজটি|এমনটা|তা) )?(?:আমি )?করতে (?:পারছি না|পারব না|পারবো না|পারি "
            r"না)",
            r"(?:(?:এটা|এটি) )?সম্ভব (?:নয়|না)",
        ),
        "Thai": short(
            r"(?:ต้อง)?(?:ขออภัย|ขอโทษ|เสียใจ|น่าเสียดาย)(?:ด้วย)?(?:นะ)?(?:ครับ|ค่ะ|คะ)?",
            r"(?:ผม|ฉัน|ดิฉัน|เรา)?(?:ไม่สามารถทำ(?:แบบนั้น|แบบนี้|สิ่งนั้น|สิ่งนี้|เช่นนั้น)?(?:ได้)?|ทำ(?:แบบนั้น|แบบนี้|สิ่งนั้น"
            r"|สิ่งนี้|ให้)?ไม่ได้|ไม่ทำ(?:แบบนั้น|สิ่งนั้น)?)(?:ครับ|ค่ะ|คะ)?",
            r"(?:เป็นไปไม่ได้|ไม่ได้)(?:ครับ|ค่ะ|คะ)?",
        ),
        "Korean": short(
            r"(?:정말 |대단히 )?(?:죄송(?:합니다|해요|하지만|합니다만)|미안(?:합니다|해요|하지만|합니다만)"
            r"|유감(?:입니다|이지만|스럽지만)|안타깝지만|아쉽지만)",
            r"(?:아니요,? )?(?:저는 |제가 )?(?:그건|그것은|그렇게(?:는)?|그런 건|그런 것은|이건|이것은|해당 요청은) "
            r"?(?:제가 |저는 )?(?:할 수(?:가|는)? 없(?:습니다|어요|네요)|못 ?(?:합니다|해요|하겠습니다|해 드립니다)"
            r"|안 ?(?:합니다|됩니다|돼요)|해 ?드릴 수(?:가)? 없(?:습니다|어요))|거절(?:합니다|하겠습니다)",
            r"(?:그건 )?(?:불가능(?:합니다|해요)|안 ?(?:됩니다|돼요)|할 수 없(?:습니다|어요))",
        ),
    }
)
"""Languages as `fingerprint.language` names them → replies that only decline."""
