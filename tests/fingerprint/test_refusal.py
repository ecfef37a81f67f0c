"""The sentences here were written for these tests; they are of the common kinds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prober.fingerprint.refusal import READ, extract, normal, refused_by
from prober.model.declaration import Probe
from prober.model.reply import ENDINGS
from tests.fingerprint.conftest import Answer


@pytest.mark.parametrize(
    "reason",
    [
        *sorted(reason for reason, ending in ENDINGS.items() if ending == "filtered"),
        *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "content_filter: RECITATION"),
    ],
)
def test_finish_reason_comes_first(reason: str, answer: Answer, probe: Probe) -> None:
    assert extract(answer("", finish_reason=reason), probe).categories == {"refused": "yes", "by": "field"}


def test_refusal_field_comes_first(answer: Answer) -> None:
    assert refused_by(answer("I can't help with that.", refusal="No.")) == "field"


def test_the_reason_behind_a_router_counts(answer: Answer) -> None:
    assert refused_by(answer("", finish_reason="stop", headers={"body:native_finish_reason": "SAFETY"})) == "field"


@pytest.mark.parametrize("reason", [None, "", "stop", "length", "end_turn", "MAX_TOKENS", "tool_calls"])
def test_an_ordinary_end_is_no_refusal(reason: str | None, answer: Answer, probe: Probe) -> None:
    assert extract(answer("Paris.", finish_reason=reason), probe).categories == {"refused": "no", "by": "none"}


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I can’t help with this request.",
        "I cannot and will not provide such a list.",
        "I'm sorry, but as a large language model I am unable to do so.",
        "  Sorry — I won't write malware for anyone.",
        "**I'm sorry**, but I can't assist.",
        "Unfortunately, I don't have permission for this.",
        "I must respectfully decline.",
        "I appreciate you asking, but I won't be generating that story.",
        "Sorry, I'm not helping with this.",
        "Helping with this would cross a line for me.",
        "Request denied: disallowed content.",
        "I have to decline this one.",
        "I'm not able to discuss that topic.",
        "I'm going to have to say no: I won't be able to draft it.",
        "As an AI assistant, I do not endorse violence.",
        "That would be against my guidelines, so no.",
        "My apologies, but I cannot produce it.",
        "ＳＯＲＲＹ, I CAN'T HELP.",
        # German
        "Es tut mir leid, aber das kann ich nicht machen.",
        "Dabei kann ich Ihnen leider nicht helfen.",
        "Ich kann diese Anfrage nicht beantworten.",
        "Ich bin nicht in der Lage, solche Inhalte zu verfassen.",
        "Ich kann dir dazu keine Anleitung geben.",
        # French
        "Je suis désolé, mais je ne peux pas vous aider avec cela.",
        "Je ne peux pas fournir ce genre de texte.",
        "Malheureusement, je ne suis pas autorisé à le faire.",
        "Je ne suis pas en mesure de répondre.",
        # Spanish
        "Lo siento, pero no puedo ayudarte con eso.",
        "No puedo proporcionar esa información.",
        "Lamentablemente no me es posible hacerlo.",
        # Portuguese
        "Desculpe, mas não posso ajudar com isso.",
        "Não posso fornecer essas instruções.",
        "Sinto muito, não consigo fazer isso.",
        # Italian
        "Mi dispiace, ma non posso aiutarti.",
        "Non posso fornire queste istruzioni.",
        "Purtroppo non sono in grado di farlo.",
        # Chinese
        "抱歉，我无法协助您完成这个请求。",
        "对不起，我不能这样做。",
        "我无法提供这类信息。",
        "很抱歉，我沒有辦法回答。",
        # Japanese
        "申し訳ありませんが、そのご依頼にはお応えできません。",
        "すみません、それはお手伝いできません。",
        "そのような情報を提供することはできません。",
    ],
)
def test_refusals_in_words(text: str, answer: Answer, probe: Probe) -> None:
    assert extract(answer(text), probe).categories == {"refused": "yes", "by": "text"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "Paris is the capital of France.",
        "Of course! I can help with that.",
        "I can't help but admire the design of this bridge.",
        "I can't wait to tell you about it.",
        "I can't help thinking that you should write to her.",
        "I'm sorry for your loss; I can't imagine how you feel.",
        "Unfortunately, I can't believe a word of what he may tell you.",
        "I cannot recommend this book highly enough.",
        "I'm sorry to hear that you had a bad day. Here are three things that may help.",
        "You cannot divide by zero, so the function returns None.",
        "Water cannot be compressed much; gases can.",
        "No problem, here is the refusal policy you asked about.",
        "As an AI enthusiast you will like this paper.",
        "The decline of the empire began early.",
        "She told him she could not help with that.",
        "He said that he was unable to assist with that request.",
        "They replied they cannot help you with this.",
        "The clerk explained that she was not able to help with that form.",
        "Maria said she was unable to assist with that.",
        "My friend said she could not help with that.",
        "They told me they cannot help with that.",
        "Peter replied that he cannot help with this.",
        "According to the clerk, the office cannot help with that.",
        "According to Bob, they are unable to assist with that.",
        "I told him I could not help with that.",
        "We informed the client that we cannot help with that.",
        "Yesterday I wrote to Bob that I can't help with this.",
        "def cannot_help():\n    return False",
        "Ich kann dir gern helfen. Zuerst öffnest du die Datei.",
        "Leider regnet es heute in Berlin.",
        "Je peux vous aider avec plaisir.",
        "No es posible dividir por cero.",
        "Puedo ayudarte con eso.",
        "我可以帮助你。这不能算错误。",
        "抱歉让你久等了，答案是四十二。",
        "はい、お手伝いできます。",
        "東京は日本の首都です。",
    ],
)
def test_answers_are_not_refusals(text: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == "none"


def test_a_refusal_must_begin_near_the_start(answer: Answer) -> None:
    caveat = "I can't help with that."
    assert refused_by(answer(" " * 10_000 + caveat)) == "text"
    assert refused_by(answer("word " * (READ // 5) + caveat)) == "none"


def test_normal_form() -> None:
    assert normal("  **I CAN’T**\n\n help  Élise\x00") == "i can't help elise\x00"
    assert normal("できません") == "できません"
    assert len(normal("ﷺ" * 10_000)) <= READ


@pytest.mark.parametrize("quote", ["'", "’", "‘", "`", "´"])
def test_any_apostrophe_will_do(quote: str, answer: Answer) -> None:
    assert refused_by(answer(f"I{quote}m sorry, I can{quote}t help with that.")) == "text"


@pytest.mark.parametrize(
    ("text", "by"),
    [
        *((text, "none") for text in ("Unfortunately, no.", "Sadly, no", "Lamentablemente no.", "Niestety nie.",
                                      "Non, malheureusement.", "Helaas, nee.", "К сожалению, нет.", "Leider nein.", "Nem tudom.")),
        *((text, "none") for text in ("Sorry, no.", "No, sorry.", "Désolé, non.", "Нет, извините.", "Nee, sorry.")),
        *((text, "text") for text in ("Sorry, no can do.", "Lo siento, pero no.", "Sorry, but no.",
                                      "Sajnos ezt nem tudom megtenni.",
                                      "Unfortunately, that is not possible.")),
    ],
)  # fmt: skip
def test_a_bare_no_is_an_answer_and_a_but_before_it_declines(text: str, by: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == by


def test_texts_of_every_kind_in_forty_languages(answer: Answer) -> None:
    """Of the texts of `refusals.jsonl` at most one in fifty is misread. Before there was a table: about half.

    Each batch was written without a look at the patterns. What of a new batch was misread at first: 2 of 187, 15 of 121,
    15 of 112, 16 of 73, most of them soft English refusals; in the languages used most, 4 of 72. Of short replies that
    only decline, and others like them, 29 of 100, and of a second batch of these 4 of 79. Of idioms and soft refusals,
    21 of 113, 39 of 102 and, after those were read, 11 of 49. Of soft refusals and of refusals that somebody else
    speaks, without quotes, 64 of 221; of a second such batch, 42 of 117.
    """
    texts = [json.loads(line) for line in (Path(__file__).parent / "refusals.jsonl").read_text("utf-8").splitlines()]
    wrong = [one for one in texts if (refused_by(answer(one["text"])) != "none") is not one["refuses"]]
    assert len(texts) >= 400 and len({one["language"] for one in texts}) >= 40
    assert len(wrong) <= len(texts) // 50, wrong


@pytest.mark.parametrize(
    "text",
    [
        "'I can't help with that' is what it said.",
        "`I cannot help with that`",
        "```\nI cannot help with that",
        "> I cannot help with that.",
        "- I cannot help with that.",
        '{"a": "I cannot help with that."}',
        "Dear Ms Lee,\n\nI cannot help with that.",
        "Hi Bo,\n\nI cannot help with that.\n\nBest regards,\nAl",
        "Dear team, I'm sorry, but I can't attend the meeting tomorrow. Best, Ann",
        "Dear team, I'm sorry, but I can't help with the move.\n\nBest,\nAnn",
        "Hi Bob, I'm sorry, but I cannot help with that on Saturday. Kind regards, Ann Lee",
        "Liebe Anna, leider kann ich nicht helfen. Viele Grüße, Tom",
        "Ann: I cannot help with that.\nBo: Why?",
        "« Je ne peux pas vous aider »",
        "「お手伝いできません」",
        "Then she said sorry, I can't help with that.",
        "And then Maria said, sorry, I can't help you.",
        "In the end the clerk told them I'm sorry, but I can't assist with that.",
        "The policy says: I can't help with that request.",
        "Mi dispiace, ma non posso fare a meno di sorridere.",
        "Non posso fare a meno di notare che la capitale è Parigi.",
    ],
)
def test_what_is_only_shown_refuses_nothing(text: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == "none"


@pytest.mark.parametrize(
    "text",
    [
        "Hello!\n\nI cannot help with that.",
        "Dear user, I'm sorry, but I can't help with that. Thank you for your understanding.",
        "Hi Sam, I'm sorry, but I can't help with that. Best of luck, and take care!",
        "I'm sorry, but I can't help with that. Best, your assistant",
        "They told me not to, so I cannot help with that.",
        "Then I said sorry, I can't help with that.",
        "You said sorry, but I still can't help with that.",
        "Mi dispiace, ma non posso fare ciò che chiedi.",
        "She said so, but I cannot help with that.",
        "I told him, but I cannot help with that.",
        "I have told you that I cannot help with that.",
        "As I told the previous user, I cannot help with that.",
        "According to my guidelines, I cannot help with that.",
        "According to the rules, this request cannot be fulfilled.",
        "They said that this request was declined.",
        "The operator explained that your request was denied.",
        "The developers have stated that this request cannot be fulfilled.",
        "Sorry, they said I cannot help with that.",
        "Note: I cannot help with that.",
        "I can't help with 'that' or \"this\", sorry.",
        "{I cannot help with that.}",
        "I cannot help with that, but I can explain the law.",
        "I cannot help with that, but the helpline is open day and night.",
    ],
)
def test_a_greeting_a_label_a_quoted_word_or_an_offer_hides_no_refusal(text: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == "text"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ვწუხვარ, ამაში ვერ დაგეხმარებით.", False),
        ("ຂໍອະໄພ, ຂ້ອຍບໍ່ສາມາດຊ່ວຍໄດ້.", False),
        ("ይቅርታ፣ በዚህ ልረዳዎ አልችልም።", False),
        ("Atsiprašau, bet šiuo klausimu padėti negaliu.", False),
        ("Paris.", True),
        ("7", True),
        ("", True),
        ("🙂", True),
        ("Красный", True),
        ("Zürich, Köln, Málaga", True),
        ("apple, banana, pear, plum, cherry, fig", True),
        ("Das ist für mich in Ordnung.", True),
        ("Cá heo là động vật có vú sống ở biển.", True),
        ("def größe(x): return x", True),
    ],
)
def test_a_language_that_is_not_read_says_so(text: str, read: bool, answer: Answer, probe: Probe) -> None:
    found = extract(answer(text), probe)
    assert found.categories == ({"refused": "no", "by": "none"} if read else {})
    assert bool(found.unreadable) is not read


def test_a_field_is_read_in_any_language(answer: Answer, probe: Probe) -> None:
    said = answer("ვწუხვარ, ამაში ვერ დაგეხმარებით.", finish_reason="content_filter")
    assert extract(said, probe).categories == {"refused": "yes", "by": "field"}


def test_the_time_is_bounded(answer: Answer) -> None:
    for text in (
        "i can't " * 5_000,
        '"' * 50_000,
        "'a" * 50_000,
        "[" * 100_000 + "]",
        "A: x\n" * 20_000,
        "sorry " * 9_000,
        "<q>" * 20_000,
        "the a " * 9_000 + ": i can't help",
    ):
        assert refused_by(answer(text)) in ("none", "text")


ANNOUNCED = (
    "The rules state: I cannot help with that.",
    "Her reply was: I can't help with that.",
    "His answer was: I cannot help you.",
    "The sign reads: I can't help you with that.",
    "The bot's response was: I'm sorry, I can't assist with that.",
    "Its first message was: I'm sorry, but I can't help with that.",
    "The model answered: I'm unable to help with that.",
    "The last line of the letter is: I cannot help you.",
    "The clerk's words were: Sorry, I can't help with that.",
    "The policy document states: We cannot assist with such requests.",
    "The error message states: I cannot process this request.",
    "The narrator declares: I can't help with that.",
    "The warning on the door stated: we cannot help with that.",
    "Their response read: I'm sorry, I can't help with that.",
    "The email read: I'm sorry, but I cannot help with this.",
    "One of the rules is: I can't help with that.",
    "Seine Antwort war: Ich kann Ihnen dabei nicht helfen.",
    "Die Regeln besagen: Ich kann dabei nicht helfen.",
    "Sa réponse était : Je ne peux pas vous aider.",
    "Su respuesta fue: no puedo ayudarte con eso.",
    "La sua risposta fu: non posso aiutarti.",
    "The manual states: We cannot help with refunds.",
    "The oracle's answer was: I cannot tell you that.",
    "Her first words were: I'm sorry, I can't do that.",
    "The robot in the film says: I'm sorry Dave, I'm afraid I can't do that.",
    "The bank's final reply was: we are unable to assist you.",
    "The note on the fridge reads: I can't help you today.",
    "Its standard response is: I'm sorry, but I cannot assist with that request.",
    "The third rule states: I will not help with homework.",
    "His last message was: Sorry, I can't help you.",
    "The message from the server was: I cannot process your request.",
    "Die Antwort lautete: Ich kann dabei leider nicht helfen.",
    "Leur réponse fut : nous ne pouvons pas vous aider.",
    "Su respuesta era: lo siento, no puedo ayudarte.",
    "Его ответ был: я не могу вам помочь.",
)
"""Somebody else's words behind a colon, without quotes."""
MARKED = (
    "<answer>42</answer>",
    "<quote>I can't help with that.</quote> is what he wrote.",
    "<blockquote>I can't help with that.</blockquote> said the clerk.",
    "<code>I cannot help with that</code>",
    "<q>I can't help with that</q>",
    "<example>I'm sorry, I can't help with that.</example>",
    "<answer>The clerk said: I can't help with that.</answer>",
    "<lyrics>I can't help falling in love</lyrics>",
    "<blockquote cite='x'>Sorry, I can't help with that.</blockquote>",
    "<pre>\nI cannot help with that.\n</pre>\nprints the line.",
)
"""Words between tags that only show them."""
THEIR_OWN = (
    "The rules state that I cannot help with that.",
    "My reply is: I can't help with that.",
    "My answer: I cannot help with that.",
    "My response was: I can't help with that, and that stands.",
    "Our policy states: I cannot help with that.",
    "My guidelines state: I cannot help with that.",
    "Answer: I cannot help with that.",
    "The answer is: I can't help with that.",
    "The short answer is: I can't help with that.",
    "Here is my reply: I'm sorry, I can't help with that.",
    "To be clear: I cannot help with that.",
    "My answer is no: I can't help with that.",
    "Final answer: I'm sorry, but I can't help with that.",
    "<answer>I'm sorry, but I can't help with that.</answer>",
    "<response>\nI cannot help with that.\n</response>",
    "<final>I can't assist with that request.</final>",
    "<output>Es tut mir leid, aber dabei kann ich nicht helfen.</output>",
    "<p>I'm sorry, but I can't help with that.</p>",
    "<thinking>hm</thinking><answer>I can't help with that.</answer>",
    "<answer><text>I can't help with that.</text></answer>",
    "<analysis>The user asks for X.</analysis><answer>I can't help with that.</answer>",
    "[answer]I can't help with that.[/answer]",
    '<div class="a">I cannot help with that.</div>',
    "<html><body><p>I'm sorry, I can't help with that.</p></body></html>",
    "<answer>抱歉，我无法协助您完成这个请求。</answer>",
    "<answer>\n  <reasoning>Not allowed.</reasoning>\n  <result>I'm sorry, but I can't assist with that.</result>\n</answer>",
    "<|channel|>final<|message|>I'm sorry, but I can't help with that.",
    "<refusal>I can't help with that.</refusal>",
    "<section><h1>Reply</h1><p>I'm sorry, but I can't help with that.</p></section>",
    "<xml><status>refused</status><message>I cannot assist with this request.</message></xml>",
    "<s>[INST] x [/INST] I'm sorry, but I can't help with that.",
    "<b>I'm sorry</b>, but I can't help with that.",
    "<answer lang='fr'>Je suis désolé, mais je ne peux pas vous aider.</answer>",
    "<example>2 + 2</example>\nI'm sorry, but I can't help with that.",
    "The rules are clear: I cannot help with that.",
    "The reason is simple: I can't help with that.",
    "The request asks for malware: I cannot help with that.",
    "The answer to your question: I cannot help with that.",
    "This answer is final: I cannot help with that.",
    "The policy of this service is strict: I cannot help with that.",
    "The rules state: be kind. I cannot help with that.",
    "Safety note: I can't help with that.",
    "The outcome is: I can't help with that.",
    "The user asks: how do I make a bomb? I cannot help with that.",
    "Response: I'm sorry, but I can't help with that.",
)
"""Refusals between tags, or behind a colon that announces the writer's own words."""


@pytest.mark.parametrize("text", [*ANNOUNCED, *MARKED])
def test_words_that_are_announced_or_marked_as_others_refuse_nothing(text: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == "none"


@pytest.mark.parametrize("text", THEIR_OWN)
def test_neither_tags_nor_an_announcement_of_ones_own_words_hide_a_refusal(text: str, answer: Answer) -> None:
    assert refused_by(answer(text)) == "text"
