"""The sentences were written for these tests: answers and refusals, as a model would say them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prober.fingerprint.declining import LANGUAGES
from prober.fingerprint.feature import NONE
from prober.fingerprint.language import NAMES, UNKNOWN, language
from prober.fingerprint.refusal import unread

READ = {
    "English": "The capital of France is Paris, and it has about two million people.",
    "German": "Die Hauptstadt von Frankreich ist Paris und liegt an der Seine.",
    "French": "La capitale de la France est Paris, une ville au bord de la Seine.",
    "Spanish": "La capital de Francia es París y está a orillas del Sena.",
    "Portuguese": "A capital da França é Paris, uma cidade às margens do Sena.",
    "Italian": "La capitale della Francia è Parigi, che si trova sulla Senna.",
    "Catalan": "La capital de França és París, amb més de dos milions d'habitants.",
    "Dutch": "De hoofdstad van Frankrijk is Parijs en die ligt aan de Seine.",
    "Swedish": "Huvudstaden i Frankrike är Paris och den ligger vid Seine.",
    "Danish, Norwegian": "Hovedstaden i Frankrig er Paris, og den ligger ved Seinen.",
    "Finnish": "Ranskan pääkaupunki on Pariisi, ja se sijaitsee Seinen varrella.",
    "Polish": "Stolicą Francji jest Paryż, który leży nad Sekwaną.",
    "Czech, Slovak": "Hlavním městem Francie je Paříž, která leží na řece Seině.",
    "Hungarian": "Franciaország fővárosa Párizs, és a Szajna partján fekszik.",
    "Romanian": "Capitala Franței este Paris și se află pe malul Senei.",
    "Croatian, Serbian, Bosnian, Slovenian": "Glavni grad Francuske je Pariz, koji se nalazi na rijeci Seni.",
    "Turkish": "Paris, Fransa'nın başkenti ve en büyük şehri olarak bilinir.",
    "Vietnamese": "Thủ đô của nước Pháp là Paris, một thành phố bên sông Seine.",
    "Indonesian, Malay": "Ibu kota Prancis adalah Paris yang terletak di tepi sungai Seine.",
    "Filipino": "Ang kabisera ng Pransiya ay Paris na nasa tabi ng ilog Seine.",
    "Swahili": "Mji mkuu wa Ufaransa ni Paris na uko kando ya mto Seine.",
    "Russian": "Столица Франции это Париж, и он стоит на Сене.",
    "Ukrainian, Belarusian": "Столиця Франції це Париж, і він стоїть на річці Сена.",
    "Bulgarian, Macedonian": "Столицата на Франция е Париж и се намира на Сена.",
    "Greek": "Η πρωτεύουσα της Γαλλίας είναι το Παρίσι.",
    "Arabic": "عاصمة فرنسا هي باريس وتقع على نهر السين في شمال البلاد.",
    "Persian": "پایتخت فرانسه شهر پاریس است که در کنار رود سن قرار دارد.",
    "Urdu": "فرانس کا دارالحکومت پیرس ہے اور یہ دریا کے کنارے ہے۔",
    "Hebrew": "הבירה של צרפת היא פריז, וגם העיר הגדולה במדינה.",
    "Hindi, Marathi, Nepali": "फ्रांस की राजधानी पेरिस है।",
    "Chinese": "法国的首都是巴黎。",
    "Japanese": "フランスの首都はパリです。",
    "Korean": "프랑스의 수도는 파리입니다.",
    "Thai": "เมืองหลวงของฝรั่งเศสคือปารีส",
}
NOT_READ = {
    "Lithuanian": "Atsiprašau, bet šiuo klausimu padėti negaliu.",
    "Latvian": "Diemžēl es nevaru palīdzēt ar šo pieprasījumu.",
    "Estonian": "Vabandust, aga ma ei saa selle palvega aidata.",
    "Icelandic": "Því miður get ég ekki aðstoðað við þessa beiðni.",
    "Albanian": "Më vjen keq, por nuk mund të ndihmoj me këtë kërkesë.",
    "Basque": "Barkatu, baina ezin dizut horretan lagundu.",
    "Welsh": "Mae'n ddrwg gen i, ond ni allaf helpu gyda'r cais hwnnw.",
    "Irish": "Tá brón orm, ach ní féidir liom cabhrú leis sin.",
    "Maltese": "Jiddispjaċini, imma ma nistax ngħinek b'dan.",
    "Afrikaans": "Ek is jammer, maar ek kan nie met daardie versoek help nie.",
    "Luxembourgish": "Et deet mir leed, awer ech kann Iech domat net hëllefen.",
    "Esperanto": "Mi bedaŭras, sed mi ne povas helpi pri tio.",
    "Latin": "Me paenitet, sed in hac re te adiuvare non possum.",
    "Azerbaijani": "Üzr istəyirəm, amma bu məsələdə kömək edə bilmərəm.",
    "Uzbek": "Kechirasiz, lekin men bu masalada yordam bera olmayman.",
    "Hausa": "Yi haƙuri, amma ba zan iya taimaka maka da wannan ba.",
    "Zulu, Xhosa": "Ngiyaxolisa, kodwa angikwazi ukukusiza ngalokho.",
    "Malagasy": "Miala tsiny aho, fa tsy afaka manampy anao amin'izany.",
    "Haitian Creole": "Mwen dezole, men mwen pa ka ede ou ak sa.",
    "Kazakh": "Кешіріңіз, бірақ мен бұл сұрауға көмектесе алмаймын.",
    "Mongolian": "Уучлаарай, би энэ хүсэлтэд тусалж чадахгүй.",
    "Pashto": "بښنه غواړم، خو زه په دې کې مرسته نشم کولی.",
    "Georgian": "ვწუხვარ, ამაში ვერ დაგეხმარებით.",
    UNKNOWN: "Каҫарӑр, анчах эпӗ сире ку ыйтупа пулӑшма пултараймастӑп.",
}


@pytest.mark.parametrize(("name", "text"), [*READ.items(), *NOT_READ.items()])
def test_the_language_of_a_sentence(name: str, text: str) -> None:
    assert language(text) == name == language(f"  {text.upper() if name != 'Turkish' else text}\n")
    assert bool(unread(text)) is (name in NOT_READ)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "Paris",
        "Paris, Rome, Oslo, Lima, Quito, Cairo",
        "{}",
        "🙂",
        "x = foo(bar)",
        "GPT-4o mini",
        "A1 B2 C3",
        "river stone lamp green walk",
    ],
)
def test_a_word_a_list_or_a_number_has_no_language(text: str) -> None:
    assert language(text) == NONE
    assert not unread(text)


def test_every_language_in_which_refusals_are_read_can_be_recognised() -> None:
    assert set(LANGUAGES) <= NAMES


def test_no_text_in_a_language_that_is_read_is_called_unreadable() -> None:
    texts = (Path(__file__).parent / "refusals.jsonl").read_text("utf-8").splitlines()
    assert not [text for line in texts if unread(text := json.loads(line)["text"])]
