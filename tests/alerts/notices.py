"""Notices for tests: a plain one to vary, a table of named ones, and every hostile one Hypothesis can think of."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_args

from hypothesis import strategies as st

from prober.incidents.events import EVENTS
from prober.model.declaration import Severity
from prober.model.evidence import Fact, FactKind, Share
from prober.model.incident import IncidentKind, IncidentState, TroubleKind
from prober.model.notice import (
    ChangeNews,
    Comparison,
    DaemonNews,
    Digest,
    DigestItem,
    EndpointNews,
    FactsNews,
    IncidentNews,
    MeasuredNews,
    Moved,
    News,
    Notice,
    Part,
    Point,
    ReportNews,
    Source,
    TroubleNews,
)

T = TypeVar("T")

HOSTILE_TEXTS = (
    "",
    "<!channel> <!here> <@U012AB3CD> <#C0CANARY> <!subteam^S1|all>",
    "<https://evil.example|your bank> & <mailto:a@b.example|x>",
    "```\n*out of the code block* _really_ ~yes~ `no`\n```",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07 \x9b1m",
    "nul\x00 bell\x07 back\b\b\b form\f return\rover",
    "right-to-left \u202egnp.exe\u202c isolate \u2066x\u2069 mark \u200f",
    "zero\u200bwidth\u200cjoin\u200d\ufeff\u2060 soft\u00ad tag\U000e0041\U000e007f",
    "lone \ud800 and \udfff surrogates",
    "ignorable \u3164\u115f\u034f\U000e0101 \u2028line\u2029paragraph",
    "&" * 5000,
    "<" * 70_000,
    "😀" * 9000,
    "line\n" * 4000,
    "a\u0300\u0301\u0302" * 3000,
    "http://localhost:8501/?x=<script>",
    "javascript:alert(1)",
    "https://example.com/" + "x" * 5000,
)

_SOURCE = {field.name for field in fields(Source)} - {"name"} | {"endpoint"}
_NOTICE = {field.name for field in fields(Notice)} - {"source", "about"}


def edited(notice: T, **values: Any) -> T:
    """`replace` that reaches into the source of a notice and into what it is about; an event, or a kind, of another
    nature makes it about that."""
    if not isinstance(notice, Notice):
        return replace(notice, **values)  # type: ignore[type-var]
    head = {name: values.pop(name) for name in _NOTICE & set(values)}
    source = {("name" if name == "endpoint" else name): values.pop(name) for name in _SOURCE & set(values)}
    if notice.source is not None:
        head["source"] = replace(notice.source, **source)
    about = notice.about
    match head.get("event", ""):
        case "stale" | "fresh" | "compared" | "version_compared":
            about = EndpointNews("")
        case "retiring":
            about = EndpointNews("", "retirement")
        case "daemon_silent" | "daemon_back" | "test":
            head["source"], about = None, DaemonNews("")
        case "database_lost" | "database_back":
            head["source"], about = None, DaemonNews("", "database")
        case "digest":
            head["source"], about = None, Digest(())
        case "weekly_report":
            head["source"], about = None, ReportNews()
        case event if event.startswith(("objective", "samples", "bill")):
            about = MeasuredNews(
                **{field.name: getattr(about, field.name, field.default) for field in fields(MeasuredNews)}
            )
        case event if event.startswith("fact"):
            values.setdefault("facts", about.facts)
            about = FactsNews(**{field.name: getattr(about, field.name) for field in fields(FactsNews)})
        case event if event.startswith("trouble") or values.get("kind") in get_args(TroubleKind):
            about = TroubleNews(
                **{field.name: getattr(about, field.name, field.default) for field in fields(TroubleNews)}
            )
        case event if event.startswith("runaway") or values.get("kind") == "runaway":
            about = MeasuredNews(
                **{name: getattr(about, name) for name in IncidentNews.__dataclass_fields__}, about="shop",
                detail="probe set shop of payments on acme/model: 16 asks took 24,000 tokens; planned were about 8 asks and "
                "300 tokens",
                e_value=9e4, threshold=87_660,
            )  # fmt: skip
    known = {field.name for field in fields(about)}
    return replace(
        notice, about=replace(about, **{name: value for name, value in values.items() if name in known}), **head
    )


PLAIN = Notice(
    id=7,
    alerter="slack",
    attempts=0,
    event="opened",
    severity="warning",
    at=datetime(2026, 1, 31, 6, 0, 12, tzinfo=UTC),
    source=Source("acme/gpt-4o", "gpt-4o-2024-08-06", "team-billing", "https://runbooks.example/model-changed", 1.0),
    about=ChangeNews(
        incident_id=12,
        kind="behaviour_change",
        detected_at=datetime(2026, 1, 31, 6, 0, 12, tzinfo=UTC),
        onset="2026-01-29T06:00:00.123456+00:00",
        rounds_since_onset=3,
        e_value=8120.0,
        threshold=365.0,
        moved=(
            Moved("length", 21_000.0, "34 % longer"),
            Moved("text", 412.5, "wording moved: distance from the reference 0.34 (was 0.12)"),
        ),
        comparisons=(
            Comparison("billing/vat", "What is the VAT on books?", "7 %", "The reduced rate of 7 % applies to books."),
            Comparison(
                "billing/json", "Answer as JSON: the sum of 2 and 3", '{"sum": 5}', '```json\n{\n  "sum": 5\n}\n```'
            ),
        ),
    ),
    dashboard_url="http://localhost:8501",
)

HOSTILE = edited(
    PLAIN,
    endpoint=HOSTILE_TEXTS[1],
    model=HOSTILE_TEXTS[4],
    owner=HOSTILE_TEXTS[6],
    onset=HOSTILE_TEXTS[8],
    runbook=HOSTILE_TEXTS[16],
    also=tuple(Part(text, None) for text in HOSTILE_TEXTS),
    moved=tuple(Moved(text[:50], float("inf"), text) for text in HOSTILE_TEXTS),
    comparisons=tuple(
        Comparison(text, text, text, text[::-1]) for text in (HOSTILE_TEXTS[3], HOSTILE_TEXTS[7], HOSTILE_TEXTS[10])
    ),
)

HISTORY = tuple(
    Point(
        label=(datetime(2026, 1, 22, 6, 0, 0, 123456, tzinfo=UTC) + timedelta(hours=12 * number)).isoformat(),
        value=1.0 + 0.02 * (number % 3) + (0.33 if number >= 14 else 0.0),
        reference=1.0,
        e_value=0.5 if number < 14 else 20.0 ** (number - 13),
    )
    for number in range(18)
)
ITEM = DigestItem(
    event="opened",
    endpoint="acme/gpt-4o-mini",
    incident_id=14,
    kind="identity_change",
    severity="info",
    state="open",
    close_reason="",
    at=datetime(2026, 1, 31, 3, 0, tzinfo=UTC),
    words="answers as gpt-4o-mini-2026-01-30",
)
AT = datetime(2026, 2, 1, 8, 30, tzinfo=UTC)
FACT = edited(
    PLAIN,
    event="fact",
    kind="identity_change",
    facts=(
        Fact("0001", "token_count", "input_tokens", "18", "20", 6, 6, ("canary/colour", "canary/sum"), ("18",)),
        Fact("0001", "model_name", "model", "gpt-x-0613", "gpt-x-1106", 18, 18, (), ("gpt-x-0613",)),
    ),
)
TROUBLE = edited(PLAIN, event="trouble", kind="provider_error", cause="unauthorized: 12 of 12 asks")
BILL = edited(
    PLAIN, event="bill_above_plan", kind="bill", about="support", cause="support costs 9.2 times the plan",
    detail="live samples of support on acme/model, owner helpdesk: about $902.00 (estimated from 1 % of the calls; 95 %: "
    "$871.00 to $933.00) on 2026-03-11; planned is about $9.80 an hour at most",
)  # fmt: skip
RUNAWAY = edited(PLAIN, event="runaway", kind="runaway", cause="asks take 80 times the planned tokens")
OBJECTIVE = edited(
    PLAIN,
    event="objective_missed",
    severity="critical",
    kind="objective_missed",
    about="billing/valid",
    cause="valid: passed 91.2 %, wanted at least 95 %",
    detail="passed 91.2 % of 1,234 replies (95 %: 89.5–92.7 %), wanted at least 95 % over 28 d; 1.8 times the error "
    "budget is spent; burn rate 60 min 4.0×, 6 h 3.1×, 3 d 1.8×",
)
SHIFT = edited(
    PLAIN,
    event="samples_shifted",
    severity="info",
    kind="input_shift",
    about="support",
    cause="questions of support: 34 % longer",
    detail="live samples of support, inputs: 34 % longer",
)
ELSEWHERE = edited(PLAIN, event="stale", runbook=None, cause="none for 3 h")

NAMED = {
    "behaviour_change": PLAIN,
    "identity_drill": edited(
        PLAIN,
        severity="info",
        kind="identity_change",
        drill=True,
        incident_id=None,
        moved=(Moved("identity", 21_000.0, "“gpt-4o-2024-11-20” 100 % (was 0 %)"),),
        comparisons=(),
        runbook=None,
        onset="0031",
        rounds_since_onset=1,
    ),
    "contract_break": edited(
        PLAIN,
        severity="critical",
        kind="contract_break",
        e_value=400.0,
        false_alarms_per_year=12.0,
        threshold=30.0,
        moved=(Moved("expectation", 2100.0, "checks pass 84 % (was 100 %)", direction="worse"), *PLAIN.about.moved),
    ),
    "escalated": edited(
        PLAIN,
        event="escalated",
        severity="critical",
        kind="contract_break",
        onset_between=("2026-01-29T05:00:00+00:00", "2026-01-29T18:00:00+00:00"),
        course="persistent",
        share=Share(0.163, 0.1, 0.22, 4, 12),
        moved=(
            Moved("expectation", 2100.0, "checks pass 84 % (was 100 %)", 48, 256),
            Moved("choice", 412.5, "billing/vat: “7 %” 31 % (was 88 %), “19 %” 60 % (was 2 %)", 12, 64),
        ),
    ),
    "passed": edited(
        PLAIN,
        event="passed",
        course="transient",
        passed="2026-02-01T06:00:00+00:00",
        onset_between=("2026-01-28T06:00:00+00:00", "2026-01-30T06:00:00+00:00"),
    ),
    "together": edited(PLAIN, e_value=200.0, also=(Part("acme/gpt-4o-mini", 13), Part("acme/o3", None))),
    "joined": edited(PLAIN, event="joined", also=tuple(Part(f"acme/{number}", number) for number in range(13, 56))),
    "reminded": edited(PLAIN, event="reminded", at=AT),
    "unacknowledged": edited(PLAIN, event="unacknowledged", severity="critical", at=AT),
    "acknowledged": edited(
        PLAIN, event="acknowledged", state="acknowledged", actor="alice", note="asked the provider", acknowledged_at=AT
    ),
    "muted": edited(
        PLAIN, event="muted", state="muted", actor="alice", note="known", muted_until=AT + timedelta(hours=4)
    ),
    "unmuted": edited(PLAIN, event="unmuted"),
    "accepted": edited(
        PLAIN,
        event="accepted",
        state="closed",
        close_reason="accepted",
        actor="bob",
        note="the new answers are better",
    ),
    "dismissed": edited(
        PLAIN, event="dismissed", state="closed", close_reason="dismissed", actor="bob", note="a cache was warming up"
    ),
    "recovered": edited(
        PLAIN, event="recovered", state="closed", close_reason="recovered", course="transient", passed="0040"
    ),
    "became_reference": edited(PLAIN, event="became_reference", state="closed", close_reason="superseded"),
    "superseded": edited(PLAIN, event="superseded", state="closed", close_reason="superseded"),
    "closed": edited(PLAIN, event="closed", state="closed", close_reason="reset", actor="bob"),
    "fact": FACT,
    "answers_changed": edited(PLAIN, event="answers_changed", facts=FACT.about.facts),
    "fact_over": edited(FACT, event="fact_over", state="closed", close_reason="recovered"),
    "fact_acknowledged": edited(FACT, event="fact_acknowledged", state="closed", close_reason="accepted", actor="bob"),
    "trouble": TROUBLE,
    "cause_changed": edited(
        TROUBLE,
        event="cause_changed",
        kind="out_of_credit",
        cause="out_of_credit",
        cause_before="rate_limited",
        detail="HTTP 429: You exceeded your current quota, please check your plan and billing details.",
    ),
    "trouble_over": edited(TROUBLE, event="trouble_over", state="closed", close_reason="recovered"),
    "runaway": RUNAWAY,
    "runaway_over": edited(RUNAWAY, event="runaway_over", state="closed", close_reason="recovered"),
    "bill_above_plan": BILL,
    "bill_in_plan": edited(BILL, event="bill_in_plan", state="closed", close_reason="recovered"),
    "objective_missed": OBJECTIVE,
    "objective_over": edited(OBJECTIVE, event="objective_over", state="closed", close_reason="recovered"),
    "samples_shifted": SHIFT,
    "samples_learnt": edited(SHIFT, event="samples_learnt", state="closed", close_reason="accepted"),
    "stale": ELSEWHERE,
    "fresh": replace(ELSEWHERE, event="fresh", about=EndpointNews("")),
    "compared": replace(
        ELSEWHERE,
        event="compared",
        severity="info",
        about=EndpointNews("prompt shop/order v7 against v6: passes its checks as before, 12 % longer, same cost"),
    ),
    "version_compared": replace(
        ELSEWHERE,
        event="version_compared",
        about=EndpointNews(
            "gpt-4o-2024-11-20 instead of gpt-4o-2024-08-06: 1 of 24 probes is worse: shop/ticket passes 0 % "
            "instead of 100 %. To do: pin gpt-4o-2024-08-06, which the provider still lists"
        ),
    ),
    "retiring": replace(
        ELSEWHERE,
        event="retiring",
        about=EndpointNews(
            "gpt-4o is shut down on 2026-04-05 (in 32 days), according to shutdown_date of the model list; successor gpt-5.5. "
            "Compare: prober gate --reference acme/gpt-4o --model gpt-5.5",
            "retirement",
        ),
    ),
    "daemon_silent": replace(
        ELSEWHERE, event="daemon_silent", source=None, about=DaemonNews("no heartbeat since 05:10 UTC")
    ),
    "daemon_back": replace(ELSEWHERE, event="daemon_back", source=None, about=DaemonNews("")),
    "database_lost": replace(
        ELSEWHERE,
        event="database_lost",
        source=None,
        about=DaemonNews("sqlite:///prober.db: THE DATABASE FILE WAS DELETED while it was in use", "database"),
    ),
    "test": replace(ELSEWHERE, event="test", severity="info", source=None, about=DaemonNews("")),
    "database_back": replace(ELSEWHERE, event="database_back", source=None, about=DaemonNews("", "database")),
    "digest": replace(
        ELSEWHERE,
        event="digest",
        source=None,
        about=Digest(
            (ITEM, replace(ITEM, event="trouble", kind="rate_limited", incident_id=15, words="rate limited"))
            + (replace(ITEM, event="stale", incident_id=None, kind="", words="none for 3 h"),) * 20
        ),
    ),
    "weekly_report": replace(
        ELSEWHERE,
        event="weekly_report",
        severity="info",
        source=None,
        about=ReportNews(
            "Quality, 2026-01-19 to 2026-01-25 (UTC)",
            (
                ("Against the 7 days before", ("Worse: support: checks pass 71.4 % of 420 (was 98.1 % of 416)",)),
                ("Incidents", ("support-bot: checks pass 73 % instead of 100 % (warning, still open)",)),
            ),
            "# Quality, 2026-01-19 to 2026-01-25 (UTC)\n\nAgainst the 7 days before.",
        ),
    ),
    "first_minutes": edited(
        PLAIN,
        severity="critical",
        kind="contract_break",
        endpoint="support-bot",
        model="gpt-4.1",
        onset="2026-01-31T00:00:00Z",
        onset_between=("2026-01-30T22:00:00Z", "2026-01-31T00:00:00Z"),
        rounds_since_onset=6,
        moved=(
            Moved("expectation", 2100.0, "checks pass 73 % (was 100 %)", 48, 256, "worse"),
            Moved("length", 640.0, "34 % longer", 48, 256),
            Moved("choice", 412.5, "billing/vat: “7 %” 31 % (was 88 %), “19 %” 60 % (was 2 %)", 12, 64),
            Moved("text", 44.0, "wording moved: distance from the reference 0.34 (was 0.12)", 48, 256),
        ),
        triage="the provider changed the model (93 %)",
    ),
    "private": edited(PLAIN, private=True, history=HISTORY),
    "hostile": HOSTILE,
}

_any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.sampled_from(HOSTILE_TEXTS),
    st.builds(
        lambda text, times: text * times,
        st.text(st.characters(exclude_categories=()), min_size=1, max_size=5),
        st.integers(1, 2000),
    ),
)
_times = st.datetimes(timezones=st.just(UTC))


def _incident() -> dict[str, st.SearchStrategy[object]]:
    return {
        "incident_id": st.none() | st.integers(1, 2**40),
        "kind": st.one_of(st.sampled_from(get_args(IncidentKind)), _any_text),
        "detected_at": _times,
        "onset": st.one_of(_any_text, _times.map(datetime.isoformat)),
        "rounds_since_onset": st.integers(0, 10**6),
        "state": st.sampled_from(get_args(IncidentState)),
        "close_reason": _any_text,
        "cause": _any_text,
        "actor": _any_text,
        "note": _any_text,
        "acknowledged_at": st.none() | _times,
        "muted_until": st.none() | _times,
        "also": st.lists(st.builds(Part, _any_text, st.none() | st.integers(1, 99)), max_size=3).map(tuple),
    }


def any_notice() -> st.SearchStrategy[Notice]:
    changes = st.builds(
        ChangeNews,
        **_incident(),
        e_value=st.floats(),
        threshold=st.floats(),
        moved=st.lists(st.builds(Moved, _any_text, st.floats(), _any_text), max_size=9).map(tuple),
        comparisons=st.lists(st.builds(Comparison, _any_text, _any_text, _any_text, _any_text), max_size=6).map(tuple),
        onset_between=st.none() | st.tuples(_any_text, _any_text),
        course=st.sampled_from(["unknown", "persistent", "transient"]),
        passed=st.none() | _any_text,
        share=st.none() | st.builds(Share, *[st.floats(0, 1)] * 3, st.integers(0, 99), st.integers(0, 99)),
    )
    items = st.builds(
        DigestItem,
        event=st.sampled_from(tuple(EVENTS)),
        endpoint=_any_text,
        incident_id=st.none() | st.integers(1, 2**40),
        kind=_any_text,
        severity=st.sampled_from(get_args(Severity)),
        state=st.sampled_from(get_args(IncidentState)),
        close_reason=_any_text,
        at=_times,
        words=_any_text,
    )
    troubles = st.builds(TroubleNews, **_incident())
    measured = st.builds(MeasuredNews, **_incident(), about=_any_text, detail=_any_text)
    fact = st.builds(Fact, _any_text, st.sampled_from(get_args(FactKind)), *[_any_text] * 3, *[st.integers(0, 99)] * 2)
    facts = st.builds(FactsNews, **_incident(), facts=st.lists(fact, min_size=1, max_size=9).map(tuple))
    about: dict[str, st.SearchStrategy[News]] = {
        "fact": facts,
        "fact_over": facts,
        "fact_acknowledged": facts,
        "trouble": troubles,
        "trouble_over": troubles,
        "objective_missed": measured,
        "objective_over": measured,
        "samples_shifted": measured,
        "samples_learnt": measured,
        "stale": st.builds(EndpointNews, _any_text),
        "compared": st.builds(EndpointNews, _any_text),
        "version_compared": st.builds(EndpointNews, _any_text),
        "fresh": st.builds(EndpointNews, _any_text),
        "retiring": st.builds(EndpointNews, _any_text, st.just("retirement")),
        "daemon_silent": st.builds(DaemonNews, _any_text),
        "daemon_back": st.builds(DaemonNews, _any_text),
        "test": st.builds(DaemonNews, _any_text),
        "database_lost": st.builds(DaemonNews, _any_text, st.just("database")),
        "database_back": st.builds(DaemonNews, _any_text, st.just("database")),
        "weekly_report": st.builds(
            ReportNews,
            _any_text,
            st.lists(st.tuples(_any_text, st.lists(_any_text, max_size=9).map(tuple))).map(tuple),
            _any_text,
        ),
        "digest": st.lists(items, max_size=3).map(lambda some: Digest(tuple(some))),
    }
    told = st.sampled_from(tuple(EVENTS)).flatmap(
        lambda event: st.tuples(st.just(event), about.get(event, changes | troubles))
    )
    heads = st.fixed_dictionaries(
        {
            "id": st.integers(1, 2**40),
            "attempts": st.integers(0, 50),
            "severity": st.sampled_from(get_args(Severity)),
            "at": _times,
            "source": st.none()
            | st.builds(Source, _any_text, _any_text, _any_text, st.none() | _any_text, st.floats()),
            "dashboard_url": st.one_of(st.just("http://localhost:8501"), _any_text),
            "drill": st.booleans(),
        }
    )
    return st.builds(lambda head, told: Notice(alerter="slack", event=told[0], about=told[1], **head), heads, told)
