"""What a person, a pipeline and a pull request read: lines, one JSON object, Markdown, JUnit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal
from xml.etree import ElementTree

from prober.judging.noninferiority import Evidence, Verdict
from prober.lab.gate.run import Gated, GateRule
from prober.loading.reply_log import LoggedReply
from prober.model.watch import cause_in_words
from prober.prices import Tariff, Unpriced, dollars
from prober.text import count, visible

Outcome = Literal["not_worse", "worse", "changed", "undecided"]
TITLES = {
    "not_worse": "PASS: the candidate is not worse than the reference",
    "worse": "REFUSE: the candidate is worse than the reference",
    "changed": "REFUSE: the candidate is not worse, but it behaves differently, which --unchanged forbids",
    "undecided": "UNDECIDED: there is not enough evidence either way",
}


@dataclass(frozen=True, slots=True)
class SideReport:
    """What one side cost."""

    name: str
    replies: int
    failed: int
    failure: str
    """The newest failure and the provider's own words; empty where no ask failed."""
    tokens: float | None
    """Mean of a reply; None where the provider does not say."""
    dollars: float | None
    """Mean of a reply; None where the price is unknown, or the replies were read from a log."""
    median_latency_s: float | None


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate says."""

    outcome: Outcome
    gated: Gated
    budget: int
    sides: tuple[SideReport, SideReport]
    removed: tuple[str, ...] = ()
    """Probes of the reference that the candidate does not have: they were not compared."""
    added: tuple[str, ...] = ()
    """Probes that only the candidate has."""


def report(
    gated: Gated, rule: GateRule, names: tuple[str, str], prices: tuple[Tariff | Unpriced | None, ...]
) -> GateReport:
    """`prices`: None for a log."""
    differs = gated.behaviour is not None and gated.behaviour.verdict == "changed"
    outcome: Outcome = "changed" if gated.verdict == "not_worse" and rule.unchanged and differs else gated.verdict
    sides = [
        _side(name, replies, failure.error_detail if failure else "", price)
        for name, replies, failure, price in zip(names, gated.replies, gated.failures, prices, strict=True)
    ]
    return GateReport(outcome, gated, rule.budget, (sides[0], sides[1]))


def as_json(said: GateReport) -> dict[str, object]:
    gated = said.gated
    behaviour = gated.behaviour
    return {
        "verdict": said.outcome,
        "reason": _reason(said),
        "alpha": gated.looks.alpha,
        "budget": said.budget,
        "asks": gated.asks,
        "pairs": gated.pairs,
        "missing": _missing(said),
        "more_pairs": gated.more_pairs,
        "criteria": [_criterion(name, one, gated) for name, one in gated.criteria.items()],
        "checks": [
            {"check": one.check, "pairs": one.pairs, "reference": one.reference, "candidate": one.candidate}
            for one in gated.checks
        ],
        "behaviour": None
        if behaviour is None
        else {
            "verdict": behaviour.verdict,
            "alpha": behaviour.alpha,
            "channels": [
                {"channel": one.channel, "p_value": one.p_value, "changed": one.changed, "words": one.words}
                for one in behaviour.channels
            ],
        },
        "removed": list(said.removed),
        "added": list(said.added),
        "reference": _of_side(said.sides[0]),
        "candidate": _of_side(said.sides[1]),
    }


def words(said: GateReport) -> list[str]:
    """The verdict first, then what it rests on."""
    gated = said.gated
    lines = [f"{TITLES[said.outcome]} (candidate {said.sides[1].name}, reference {said.sides[0].name})"]
    missing = _missing(said)
    lines += [f"  {missing}"] if missing else []
    lines += [f"  {line}" for line in _criteria_words(gated)]
    lines.append(
        f"  {gated.asks} of {count(said.budget, 'ask')} made, {count(gated.pairs, 'pair')} of replies, "
        f"alpha {gated.looks.alpha:g}"
    )
    lines += [f"  {line}" for line in (*_unpaired_words(said), *_failure_words(said))]
    lines += [f"  behaviour: {_behaviour_words(gated)}", *(f"  {line}" for line in _side_words(said))]
    return lines


def markdown(said: GateReport) -> str:
    """For a pull request."""
    gated = said.gated
    lines = [f"### {TITLES[said.outcome]}", ""]
    missing = _missing(said)
    lines += [missing, ""] if missing else []
    rows = [
        *(
            f"| {_cell(name)} | {_share(one.passed_reference, one.pairs)} | {_share(one.passed_candidate, one.pairs)} "
            f"| {_difference(one)} | {100 * one.margin:g} points |"
            for name, one in gated.criteria.items()
            if one.pairs
        ),
        *(
            f"| {_cell(one.check)} | {_share(one.reference, one.pairs)} | {_share(one.candidate, one.pairs)} | | |"
            for one in gated.checks
            if one.check not in gated.criteria
        ),
    ]
    if rows:
        lines += [
            "| check | reference | candidate | difference | may be worse by |", "|---|---|---|---|---|", *rows, "",
        ]  # fmt: skip
    lines += [
        f"{count(gated.pairs, 'pair')} of replies, {count(gated.asks, 'ask')}, alpha {gated.looks.alpha:g}. "
        f"Behaviour: {_cell(_behaviour_words(gated))}.",
        "",
        *(f"- {_cell(line)}" for line in (*_side_words(said), *_unpaired_words(said), *_failure_words(said))),
    ]
    return "\n".join(lines) + "\n"


def junit(said: GateReport) -> str:
    """One test case a criterion. What is undecided is skipped, with what is missing."""
    gated = said.gated
    suite = ElementTree.Element("testsuite", name="prober gate", tests=str(len(gated.criteria)))
    for name, one in gated.criteria.items():
        case = ElementTree.SubElement(suite, "testcase", classname="prober.gate", name=visible(name, 200, lines=False))
        text = _criterion_words(name, one)
        decided = _verdict_of(name, gated)
        if decided == "worse" or said.outcome == "changed":
            ElementTree.SubElement(case, "failure", message=visible(text, 1_000, lines=False))
        elif decided == "undecided" and said.outcome != "not_worse":
            ElementTree.SubElement(case, "skipped", message=visible(_missing(said) or text, 1_000, lines=False))
        ElementTree.SubElement(case, "system-out").text = visible("\n".join(words(said)), 20_000)
    suite.set("failures", str(len(suite.findall("./testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("./testcase/skipped"))))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _side(name: str, replies: Sequence[LoggedReply], detail: str, price: Tariff | Unpriced | None) -> SideReport:
    answered = [one.reply for one in replies if one.reply.answered]
    failed = [one.reply for one in replies if not one.reply.answered]
    counted = [(one.input_tokens, one.all_output_tokens, one.tokens) for one in answered]
    known = [(read, written, tokens) for read, written, tokens in counted if tokens is not None]
    latencies = [one.latency_s for one in answered if one.latency_s is not None]
    cost = None
    if isinstance(price, Tariff) and known:
        read, written = (sum(one[side] or 0 for one in known) for side in (0, 1))
        cost = price.dollars(len(known), read, written) / len(known)
    return SideReport(
        name=name,
        replies=len(answered),
        failed=len(failed),
        failure=f"{failed[-1].error}: {detail}".removesuffix(": ") if failed else "",
        tokens=sum(tokens for *_, tokens in known) / len(known) if known else None,
        dollars=cost,
        median_latency_s=median(latencies) if latencies else None,
    )


def _verdict_of(name: str, gated: Gated) -> Verdict:
    """Of one criterion, as its part in the whole verdict."""
    return gated.looks.of(list(gated.criteria).index(name), gated.criteria[name], len(gated.criteria))


def _reason(said: GateReport) -> str:
    """What the verdict rests on: the criteria that decided, the behaviour that differs, or why nothing was decided."""
    gated = said.gated
    if said.outcome == "undecided":
        return gated.reason
    if said.outcome == "changed":
        return f"behaviour {_behaviour_words(gated)}"
    decided = [
        (name, one)
        for name, one in gated.criteria.items()
        if said.outcome == "not_worse" or _verdict_of(name, gated) == "worse"
    ]
    return "; ".join(_criterion_words(name, one) for name, one in decided or gated.criteria.items())


def _missing(said: GateReport) -> str:
    if said.outcome != "undecided":
        return ""
    more = said.gated.more_pairs
    about = f"; about {2 * more:,} more asks would decide at the rate so far" if more else ""
    return f"{said.gated.reason}{about}"


def _criteria_words(gated: Gated) -> list[str]:
    lines = [_criterion_words(name, one) for name, one in gated.criteria.items() if one.pairs]
    return lines + [
        f"{one.check}: {_share(one.candidate, one.pairs)} instead of {_share(one.reference, one.pairs)}"
        for one in gated.checks
        if one.check not in gated.criteria
    ]


def _criterion_words(name: str, one: Evidence) -> str:
    return (
        f"{name}: {_share(one.passed_candidate, one.pairs)} instead of {_share(one.passed_reference, one.pairs)}, "
        f"{_difference(one)}; may be worse by {100 * one.margin:g} points"
    )


def _difference(one: Evidence) -> str:
    interval = one.interval()
    around = f" ({100 * interval[0]:+.1f} to {100 * interval[1]:+.1f})" if interval else ""
    return f"{100 * one.difference:+.1f} points{around}"


def _behaviour_words(gated: Gated) -> str:
    found = gated.behaviour
    if found is None or found.verdict == "insufficient_evidence":
        return "too few replies to compare it"
    if found.verdict == "same":
        return f"no difference found (alpha {found.alpha:g})"
    moved = "; ".join(f"{one.words} ({one.channel})".strip() for one in found.channels if one.changed)
    return f"differs: {moved}"


def _failure_words(said: GateReport) -> list[str]:
    return [
        f"{who}: {count(side.failed, 'ask')} failed, the last one: {cause_in_words(side.failure)}"
        for who, side in _named_sides(said)
        if side.failed
    ]


def _unpaired_words(said: GateReport) -> list[str]:
    found = (("removed", said.removed), ("added", said.added))
    return [f"{how}, so not compared: {', '.join(names)}" for how, names in found if names]


def _named_sides(said: GateReport) -> list[tuple[str, SideReport]]:
    """Both may have one name: an endpoint with another model, or with other prompts."""
    reference, candidate = said.sides
    return [(f"reference {reference.name}", reference), (f"candidate {candidate.name}", candidate)]


def _side_words(said: GateReport) -> list[str]:
    lines = []
    for who, side in _named_sides(said):
        parts = [count(side.replies, "reply")]
        parts += [f"{count(round(side.tokens), 'token')} a reply"] if side.tokens is not None else []
        parts += [f"{dollars(1_000 * side.dollars)} a thousand replies"] if side.dollars is not None else []
        parts += [f"median latency {side.median_latency_s:.2f} s"] if side.median_latency_s is not None else []
        lines.append(f"{who}: {', '.join(parts)}")
    return lines


def _criterion(name: str, one: Evidence, gated: Gated) -> dict[str, object]:
    return {
        "name": name,
        "verdict": _verdict_of(name, gated),
        "margin": one.margin,
        "pairs": one.pairs,
        "reference": one.passed_reference,
        "candidate": one.passed_candidate,
        "only_reference": one.worse,
        "only_candidate": one.better,
        "difference": one.difference,
        "interval": one.interval(),
        "score_not_worse": one.score_not_worse,
        "score_worse": one.score_worse,
    }


def _of_side(side: SideReport) -> dict[str, object]:
    return {
        "name": side.name,
        "replies": side.replies,
        "failed": side.failed,
        "failure": side.failure,
        "tokens": side.tokens,
        "dollars": side.dollars,
        "median_latency_s": side.median_latency_s,
    }


def _share(passed: int, pairs: int) -> str:
    return f"{100 * passed / pairs:.1f} % of {pairs}" if pairs else "no reply"


def _cell(text: str) -> str:
    return visible(text, 1_000, lines=False).replace("|", "\\|").replace("<", "&lt;")
