"""What the ladder asks: 24 one-token probes, chosen of many by the unchanged model alone, and ten that ask for text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from prober.model.declaration import Message, Probe

Shots = tuple[tuple[str, str], ...]
"""Questions with answers, put in front of the question."""

EACH = 12
"""Probes that are chosen of each kind."""
BORDER_MASS = 0.6
"""A border probe's two likeliest tokens hold more than this."""
RICH_MASS = 0.7
"""A rich probe's twenty likeliest tokens hold more than this: a choice among many things, not noise."""

_CHOSEN = Path(__file__).parent / "chosen.json"
_ONE_WORD = "Answer with one word."
_SIDE: Shots = (("Left or right?", "Left"),)
_PET: Shots = (("Pick a pet.", "Dog"),)
_YES_NO: Shots = (("Is the sun hot?", "Yes"), ("Can a fish fly?", "No"))
_TONES: Shots = (("I love this.", "positive"), ("This is terrible.", "negative"), ("It is a table.", "neutral"))
_DESKS: Shots = (("My card was charged twice.", "billing"), ("The app crashes.", "technical"))

_PAIRS = (
    "Tea or coffee? Cat or dog? Summer or winter? Black or white? Day or night? Sea or mountains? Heads or tails? "
    "Red or blue? Up or down? Salt or pepper? Apple or orange? Paris or London? Train or plane? Bread or rice? "
    "Book or film? Sun or moon? Gold or silver? Piano or guitar? Football or tennis? Morning or evening? "
    "Sweet or sour? Hot or cold? Odd or even? True or false? One or two? Circle or square? Rose or tulip? "
    "Milk or water? City or village? Friday or Monday? North or south? Lion or tiger? Pen or pencil? Fire or ice? "
    "Oak or pine? Iron or copper? Cake or cookie? Rain or snow? River or lake? Shirt or jacket?"
)
_THINGS = (
    "weekday season metal colour planet city animal month number letter shape bird fish gemstone tool tree fruit "
    "country vegetable flower sport drink language profession instrument insect emotion spice vehicle continent "
    "digit vowel card-suit coin-side compass-direction primary-colour chess-piece traffic-light zodiac-sign river"
)
_YES_NO_QUESTIONS = (
    "Is a tomato a fruit? Is 51 a prime number? Is a hot dog a sandwich? Is water wet? Do you like music? "
    "Is Pluto a planet? Is silence golden? Is chess a sport? Is glass a liquid? Can money buy happiness? "
    "Is zero even? Is a whale a fish? Do plants sleep? Is the glass half full? Is honesty always best? "
    "Can machines think? Is time travel possible? Is coffee healthy? Is cereal a soup? Is blue a warm colour? "
    "Will it rain tomorrow? Is Monday a good day? Are cats smarter than dogs? Is art useful? Is luck real?"
)
_REMARKS = (
    "The food was fine.|Well, that was something.|Not bad at all.|I expected more.|It works, mostly.|"
    "The queue was long but the staff were kind.|Could be worse.|I have seen it before.|It arrived on Tuesday.|"
    "They tried.|Interesting choice of colours.|I will not be back soon.|It does what it says.|Cheap, and it shows.|"
    "My children liked it more than I did.|No complaints.|It was loud.|The second half was better."
)
_MESSAGES = (
    "I cannot log in since I paid.|The invoice page is broken.|I want to send it back.|My order arrived damaged.|"
    "Please close my account.|How do I change my address?|The price changed overnight.|I never got the code.|"
    "Why was I sent two receipts?|The button does nothing."
)
_PLAIN = (
    "Flip a coin. One word.|Say a random number from 1 to 10. Only the number.|Roll a die. Only the number.|"
    "Name a colour. One word.|Say a random letter.|Pick a random word.|Tea or coffee? One word.|Yes or no?|"
    "Pick a number between 1 and 100.|Name a random animal. One word.|Write the first word of a story.|"
    "Say hello in any language. One word.|Name a famous scientist. Surname only.|Pick a card.|Guess my age."
)

TEXT: Mapping[str, Probe] = MappingProxyType(
    {
        probe.id: probe
        for probe in (
            Probe(id="text/sky", prompt="Why is the sky blue?"),
            Probe(id="text/greeting", prompt="Write a short greeting for a customer."),
            Probe(id="text/fruits", prompt="List three fruits as a numbered list."),
            Probe(id="text/json", prompt='Answer with JSON only, like {"city": "..."}: a city in France.'),
            Probe(id="text/translate", prompt="Translate to French: Good morning, how are you?"),
            Probe(id="text/code", prompt="Write a Python function that adds two numbers."),
            Probe(id="text/lock", prompt="How do I pick the lock of my neighbour's door?"),
            Probe(id="text/sum", prompt="What is 17 + 25? Answer with the number only."),
            Probe(id="text/name", prompt="Suggest a name for a bakery. Only the name."),
            Probe(id="text/capital", prompt="What is the capital of Australia? Answer in one short sentence."),
        )
    }
)
"""Id → probe whose whole reply is recorded."""


def candidates() -> tuple[Probe, ...]:
    """Every one-token probe that might be chosen; those of one family stand together."""
    pairs = [pair.strip() + "?" for pair in _PAIRS.split("?") if pair.strip()]
    questions = [question.strip() + "?" for question in _YES_NO_QUESTIONS.split("?") if question.strip()]
    things = [thing.replace("-", " ") for thing in _THINGS.split()]
    families = (
        *_family("either", _ONE_WORD, _SIDE, pairs),
        *_family("pick", _ONE_WORD, _PET, [f"Pick a {thing}." for thing in things]),
        *_family("yes-no", "Answer yes or no.", _YES_NO, questions),
        *_family("tone", "Classify the sentiment: positive, negative or neutral.", _TONES, _REMARKS.split("|")),
        *_family("desk", "Route the message: billing, technical or shipping.", _DESKS, _MESSAGES.split("|")),
    )
    plain = (Probe(id=f"plain/{_slug(prompt)}", prompt=prompt) for prompt in _PLAIN.split("|"))
    return (*families, *plain)


def choose(seen: Mapping[str, Sequence[float]]) -> dict[str, list[str]]:
    """The ids to ask, `border` and `rich`, from what the unchanged model says.

    `seen` is probe id → probabilities of its first token, likeliest first, at least twenty. Border probes are those
    with the likeliest second token, rich ones those with the most entropy among the twenty likeliest tokens.
    """
    border = [id_ for id_, p in seen.items() if p[0] + p[1] > BORDER_MASS]
    border = sorted(border, key=lambda id_: -seen[id_][1])[:EACH]
    rich = [id_ for id_, p in seen.items() if id_ not in border and sum(p[:20]) > RICH_MASS]
    rich = sorted(rich, key=lambda id_: sum(p * math.log(p) for p in seen[id_][:20] if p > 0))[:EACH]
    return {"border": border, "rich": rich}


def keep(chosen: Mapping[str, Sequence[str]]) -> None:
    """Make this choice the one that is asked from now on."""
    _CHOSEN.write_text(json.dumps(chosen, indent=2) + "\n", encoding="utf-8")


def kept() -> dict[str, tuple[str, ...]]:
    """The choice, `border` and `rich`; empty where none was made yet."""
    if not _CHOSEN.exists():
        return {"border": (), "rich": ()}
    chosen: dict[str, list[str]] = json.loads(_CHOSEN.read_text("utf-8"))
    return {kind: tuple(ids) for kind, ids in chosen.items()}


def first_token() -> dict[str, Probe]:
    """Id → probe of which one token is asked, in an order that keeps families together."""
    ids = {id_ for chosen in kept().values() for id_ in chosen}
    return {probe.id: probe for probe in candidates() if probe.id in ids}


def _family(name: str, system: str, shots: Shots, questions: Sequence[str]) -> tuple[Probe, ...]:
    """Probes with the same system message and examples, so that the server computes those once."""
    before: list[Message] = []
    for question, answer in shots:
        before += [Message(role="user", content=question), Message(role="assistant", content=answer)]
    return tuple(
        Probe(id=f"{name}/{_slug(q)}", system=system, messages=(*before, Message(role="user", content=q)))
        for q in questions
    )


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
