"""The shapes a team declares in files: Endpoint, Probe, Check, ProbeSet. Frozen, and unknown keys are errors. What the
file `alerts.yaml` declares is in `alerting`.

Two hashes say what may be compared: `Endpoint.content_hash` covers what is sent and where, `Probe.content_hash` what is
asked and expected. Names, owners, budgets and schedules are in neither: renaming a thing does not change its behaviour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic import Field, JsonValue

from prober.model.allowance import AccountLimits
from prober.model.budget import Budget, ScopedBudget
from prober.model.comparison import Canary, Shadow, VersionGate
from prober.model.connection import Capabilities, Connection, Timeouts
from prober.model.objective import Objective
from prober.model.reference import Confirm, Reference, ReferenceRule
from prober.model.shape import Days, Duration, Name, Shape, seconds

Severity: TypeAlias = Literal["info", "warning", "critical"]
"""From the least to the most."""
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CheckType: TypeAlias = Literal[
    "equals", "contains", "icontains", "contains-any", "starts-with", "regex", "is-json", "is-refusal", "max-length",
    "tool-call",
    "not-equals", "not-contains", "not-icontains", "not-contains-any", "not-starts-with", "not-regex", "not-is-json",
    "not-is-refusal", "not-max-length", "not-tool-call",
]  # fmt: skip


Priority: TypeAlias = Literal["low", "normal", "high"]
"""From the least to the most."""


class Price(Shape):
    """What an endpoint charges, in US dollars, if the list of known prices does not have it or is wrong."""

    input_per_million: float = Field(ge=0, le=1_000_000)
    """Price of a million input tokens."""
    output_per_million: float = Field(ge=0, le=1_000_000)
    """Price of a million output tokens, reasoning included."""
    per_ask: float = Field(0.0, ge=0, le=1_000)
    """Added for each request."""


class Maintenance(Shape):
    """A window of announced work on an endpoint: rounds go on, no incident opens and nobody is notified."""

    begins: str | None = Field(None, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$")
    """Once, from this time, such as `2026-03-01T02:00Z`."""
    at: str | None = Field(None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Every day, from this time of day, UTC, in quotes: `"02:00"`."""
    days: tuple[Day, ...] = ()
    """With `at`: only on these days, `mon` to `sun`."""
    lasts: Duration
    """How long, at most seven days: `7d`."""
    why: str = ""
    """The reason, shown to people."""

    @property
    def lasts_s(self) -> float:
        return seconds(self.lasts)


class Endpoint(Connection):
    """A pinned provider + model + parameters."""

    name: Name
    """The key in the mapping; letters, digits, `.`, `_`, `/`, `-`."""
    provider: str
    """The API through which it is asked."""
    model: str = Field(min_length=1, max_length=300)
    """As the provider spells it; a dated version where there is one."""
    base_url: str | None = None
    """For everything OpenAI-compatible. Without it, the provider's own address."""
    api: Literal["chat", "responses"] = "chat"
    """Which of OpenAI's two APIs; other providers have one."""
    api_version: str | None = None
    """Version of the API; Anthropic only."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """Sent unchanged; no other parameter is sent."""
    stream: bool = False
    """Request a stream, which measures the time to the first token."""
    capabilities: Capabilities = Capabilities()
    """What the model accepts."""
    timeouts: Timeouts = Timeouts()
    """How long an ask may take."""
    max_reply_bytes: int = Field(2_000_000, ge=1_000, le=100_000_000)
    """A longer body is a failed ask (`too_large`)."""
    concurrency: int = Field(4, ge=1, le=64)
    """Asks of one round at the same time."""
    budget: Budget = Budget()
    """Hard limits of the last hour, day and month."""
    limits: AccountLimits = AccountLimits()
    """The most asks and tokens a minute of its account. Limits that the provider names hold as well."""
    runaway: float = Field(3.0, ge=2, le=1_000)
    """Spending this many times the plan opens an incident and holds asks back; half as many times is tolerated."""
    price: Price | None = None
    """What it charges. Without it, the list of known prices is used."""
    false_alarms_per_year: float = Field(1.0, gt=0, le=365)
    """The promise: how often this endpoint may raise a false alarm."""
    reference: Reference = ReferenceRule()
    """When the reference is complete; `trial` is a short one of eight rounds a minute apart."""
    confirm: Confirm = Confirm()
    """When to ask again soon after a suspicious round."""
    severity: dict[str, Severity] = Field(default_factory=dict)
    """Channel, kind of fact, kind of trouble, `runaway`, `bill`, `objective_missed`, `input_shift` or `output_shift` →
    severity, to change the defaults."""
    maintenance: tuple[Maintenance, ...] = ()
    """Windows of announced work."""
    fallback: Name | None = None
    """Another declared endpoint that callers can be sent to while this one is worse."""
    gate: VersionGate | None = None
    """Compare a new version of the model with the stored replies, as soon as there is one. Without it, no version is
    compared."""
    vantage: Name | None = None
    """Where it is asked from, such as `eu-west`: only by a daemon or worker started there (`--vantage eu-west`, or
    PROBER_VANTAGE). Without it, by any of them. To compare regions, declare the endpoint once for each."""
    metadata: bool | None = None
    """Whether the server is asked once a round about itself (its model, build and settings), at addresses that some
    servers have. Without it, only where `base_url` does not belong to a large provider."""

    @cached_property
    def content_hash(self) -> str:
        """Hash of all that decides what model answers, and how it is asked. Nothing of the environment is in it."""
        content = self.model_dump(include={"provider", "model", "base_url", "api", "parameters", "stream"})
        version = {} if self.api_version is None else {"api_version": self.api_version}
        vantage = {} if self.vantage is None else {"vantage": self.vantage}
        return _hash(content | version | vantage | self.constants)

    def is_asked_from(self, vantage: str) -> bool:
        """Whether who is at this vantage (empty: not said where) asks it."""
        return self.vantage is None or self.vantage == vantage


class Check(Shape):
    """One thing expected of an answer, named as in promptfoo; `not-` in front negates it."""

    type: CheckType
    """One of the list below."""
    value: JsonValue = None
    """What the answer is compared with: a text, a list of texts (`contains-any`), a number of characters
    (`max-length`), a JSON Schema (`is-json`, optional) or a tool's name (`tool-call`, optional)."""

    @property
    def base(self) -> str:
        return self.type.removeprefix("not-")

    @property
    def negated(self) -> bool:
        return self.type.startswith("not-")

    @property
    def label(self) -> str:
        """How this check is shown, and its key in a fingerprint."""
        if self.value is None:
            return self.type
        value = json.dumps(self.value, ensure_ascii=False, sort_keys=True)
        return f"{self.type}({value if len(value) <= 60 else value[:57] + '...'})"


class Message(Shape):
    role: Literal["system", "user", "assistant"]
    """`system`, `user` or `assistant`."""
    content: str = Field(min_length=1)
    """The text."""


class Tool(Shape):
    """A function the model may call."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """Letters, digits, `_`, `-`."""
    description: str = ""
    """For the model."""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON Schema of the arguments."""


class Probe(Shape):
    """A fixed prompt and what is expected of the answer."""

    id: Name
    """Unique in its set."""
    prompt: str | None = Field(None, min_length=1)
    """One user message."""
    messages: tuple[Message, ...] | None = Field(None, min_length=1)
    """Instead of `prompt`, a whole conversation, ending with the user."""
    system: str | None = Field(None, min_length=1)
    """The system prompt."""
    tools: tuple[Tool, ...] = ()
    """Functions the model may call."""
    samples: int = Field(1, ge=1, le=100)
    """Asks of this probe in one round."""
    tags: tuple[str, ...] = ()
    """For people."""
    vars: JsonValue = None
    """Values for `{{name}}` in its texts; a list or a file makes one probe for each value. None once they are filled
    in."""
    template: bool = True
    """Whether `{{name}}` and `file://` in texts are replaced; otherwise they are sent as written."""
    expect: tuple[Check, ...] = ()
    """Checks of the answer."""

    @property
    def conversation(self) -> tuple[Message, ...]:
        """The messages as asked, without `system`; none where an imported log does not have them."""
        return self.messages or ((Message(role="user", content=self.prompt),) if self.prompt else ())

    @cached_property
    def content_hash(self) -> str:
        """Hash of what is asked and expected; not of how often, nor of its name."""
        return _hash(self.model_dump(include={"prompt", "messages", "system", "tools", "expect"}))


class Schedule(Shape):
    """When rounds are due: at an interval, or by cron."""

    every: Duration | None = None
    """An interval, such as `30m`, `6h`, `1d`."""
    cron: str | None = None
    """Five fields; it must be due in every month."""
    timezone: str = "UTC"
    """Time zone of `cron`, such as `Europe/Berlin`."""
    jitter: Duration = "0s"
    """Each round starts at a random time, up to this much later, so that not all probers ask together."""

    @property
    def every_s(self) -> float | None:
        return None if self.every is None else seconds(self.every)

    @property
    def jitter_s(self) -> float:
        return seconds(self.jitter)


class ProbeSet(Shape):
    """A named group of probes with a schedule, endpoints and an owner."""

    name: Name
    """Name of the set."""
    owner: str = Field(min_length=1, max_length=120)
    """The team; routes can match it."""
    description: str = ""
    """For people."""
    runbook: str | None = None
    """Address of the page that says what to do after an alarm, or a file beside this one."""
    endpoints: tuple[Name, ...] = Field(min_length=1)
    """Names of the endpoints to ask."""
    schedule: Schedule
    """When rounds are due."""
    tags: tuple[str, ...] = ()
    """For people; routes can match them."""
    vars: dict[str, JsonValue] = Field(default_factory=dict)
    """Values for `{{name}}` in the texts of all probes."""
    objectives: tuple[Objective, ...] = ()
    """Shares that its replies must reach, for each endpoint."""
    budget: Budget = Budget()
    """What its asks may cost, on all of its endpoints together."""
    priority: Priority = "normal"
    """What is held back first where a probe set spends more than planned: `low` before `normal` before `high`."""
    canary: Canary | None = None
    """An edited prompt is first asked beside the current version. Without `canary`, it replaces that version at
    once."""
    shadow: Shadow | None = None
    """Another endpoint is asked beside those of the set."""
    keep_replies: Days | None = None
    """How long raw replies are kept, such as `90d`; judgements and daily sums stay. By default for ever."""
    probes: tuple[Probe, ...] = Field(min_length=1)
    """At least one."""

    @property
    def asks(self) -> int:
        """Of one round on one endpoint."""
        return sum(probe.samples for probe in self.probes)

    @property
    def keep_replies_s(self) -> float | None:
        return None if self.keep_replies is None else seconds(self.keep_replies)


def own_budgets(probe_set: ProbeSet | None, endpoint: Endpoint) -> tuple[ScopedBudget, ...]:
    """The budgets that an endpoint and a set declare themselves."""
    own = ScopedBudget(endpoint.name, endpoint.budget, endpoint=endpoint.name)
    if probe_set is None:
        return (own,)
    return own, ScopedBudget(f"set:{probe_set.name}", probe_set.budget, (probe_set.name,))


def series_key(endpoint: Endpoint, probe: Probe) -> str:
    """The series of one probe on one endpoint."""
    return f"{endpoint.content_hash}.{probe.content_hash}"


def by_endpoint(sets: Iterable[ProbeSet]) -> dict[str, list[ProbeSet]]:
    """Name of an endpoint → the sets that ask it, in their order; in time that grows with what is declared only."""
    found: dict[str, list[ProbeSet]] = {}
    for one in sets:
        for name in dict.fromkeys(one.endpoints):
            found.setdefault(name, []).append(one)
    return found


def _hash(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
