"""What a person does: to an incident, to the reference, or a mark on the clock of the rounds; and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, get_args

from prober.alerts.phrases import minute, when
from prober.asking.access import keys_given
from prober.asking.redaction import redacted
from prober.incidents.actions import act_on, refusal, reset
from prober.incidents.routing import Routing
from prober.loading.round_labels import moment_of
from prober.model.decision import Action, Decision
from prober.model.errors import ConfigurationError
from prober.model.incident import Change, Incident
from prober.model.version import Mark, MarkKind
from prober.service.decisions import accept_facts, carry_out, locked, start_epoch
from prober.settings import secrets_here
from prober.store import Store, declared, incidents, rounds, versions
from prober.store.views import EpochView
from prober.text import quoted, redact

NOWHERE: Final = "there is no incident {}; `prober incidents list` shows all there are"


def as_typed(text: str) -> str:
    """What a person typed, without secrets that this process knows and without what looks like one: texts are stored,
    shown and sent on."""
    for one in (*secrets_here(), *keys_given()):
        text = redacted(text, one)
    return redact(text)


def act(store: Store, incident_id: int, action: Action, routing: Routing, now: datetime) -> tuple[Incident, Decision]:
    """Read, decide, write, and keep the action with its author: the incident afterwards, and why it is so.

    Raises ConfigurationError, with why, where there is no such incident or nothing could come of it.
    """
    done = try_to_act(store, incident_id, action, routing, now)
    if done is None:
        raise ConfigurationError(NOWHERE.format(incident_id))
    incident, decision = done
    why = refusal(incident, decision.reason, action.actor)
    if why and decision.reason != "already_acknowledged":  # then it already is as the person wants it
        raise ConfigurationError(f"incident {incident.id} {why}")
    return done


def try_to_act(
    store: Store, incident_id: int, action: Action, routing: Routing, now: datetime
) -> tuple[Incident, Decision] | None:
    """The same, where an action that comes too late changes nothing and raises nothing; the reason says why.

    None where there is no such incident.
    """
    seen = store.query(incidents.get, incident_id)
    if seen is None:
        return None
    action = replace(action, note=as_typed(action.note))
    with locked(store, seen.endpoint_hash) as tx:
        incident = incidents.get(tx, incident_id) or seen
        decision = act_on(incident, action, now)
        if decision.event is not None:
            incident = carry_out(tx, decision, routing, now) or incident
        until = action.until if action.until or incident.state != "muted" else incident.muted_until
        incidents.keep_action(tx, incident_id, action, until, decision.reason, now)
    return incident, replace(decision, incident=incident)


def begin_reference(store: Store, endpoint: str, author: str, note: str, routing: Routing, now: datetime) -> EpochView:
    """A new epoch of an endpoint as declared last, of the rounds to come; its open incident closes.

    As with every new epoch the old reference is dropped, and a round in progress is taken from its holder. Raises
    StoreError where there is no such endpoint.
    """
    key, note = store.query(declared.content_of, endpoint), as_typed(note)
    with locked(store, key) as tx:
        opened = incidents.open_change(tx, key)
        if opened is not None:
            carry_out(tx, reset(opened, author, note, now), routing, now)
        accept_facts(tx, key, author, note, routing, now)
        label = rounds.label_after_all(tx, endpoint, key, now)
        return start_epoch(tx, endpoint, key, label, author, note, now)


def done(incident: Incident, decision: Decision, say: Callable[[datetime], str] = minute) -> str:
    """What came of an action, as a sentence. `say`: how it says a time."""
    epoch = moment_of(decision.new_epoch) if decision.new_epoch else None
    begins = say(epoch) if epoch else when(decision.new_epoch or "")
    begun = f" A new reference begins at {begins}." if decision.new_epoch else ""
    until = f" until {say(incident.muted_until)}" if incident.muted_until else ""
    did = {"closed_by_hand": "closed"}.get(decision.reason, decision.reason.replace("_", " "))
    if decision.reason == "dismissed":
        did, begun = "dismissed as a false alarm", " All rounds so far are the reference now."
    if decision.reason == "closed_by_hand" and isinstance(incident, Change):
        begun = " If it still differs from its reference, a new incident opens."
    if decision.event == "fact_acknowledged":  # a fact that a person has seen needs nothing more
        did = "acknowledged and closed"
    return f"Incident {incident.id} of {incident.endpoint} is {did}{until} by {incident.actor}.{begun}"


def mark(store: Store, kind: str, what: str, ref: str, actor: str, note: str, now: datetime) -> Mark:
    """Record what the team itself did, or knows to be good. Without `ref` it is about the newest version of `what`.

    Raises ConfigurationError for another kind, a version that does not exist, a deploy of nobody knows what, and texts
    that are too long.
    """
    # Each is shown in one line.
    what, ref, actor, note = (" ".join(as_typed(one).split()) for one in (what, ref, actor, note))
    for name, value, most in (("what", what, 200), ("ref", ref, 200), ("by", actor, 200), ("note", note, 2_000)):
        if len(value) > most:
            raise ConfigurationError(f"{name} has {len(value):,} characters; write at most {most:,}")
    if not what:
        raise ConfigurationError("what is empty; name a service, a probe (`set/id`) or an endpoint")
    known_kind: MarkKind | None = next((one for one in get_args(MarkKind) if one == kind), None)
    if known_kind is None:
        raise ConfigurationError(f"unknown kind of mark {quoted(kind)}; write {' or '.join(get_args(MarkKind))}")
    known = store.query(versions.history, what)
    if known_kind == "known-good" and not known:
        raise ConfigurationError(f"there is no version of {quoted(what)}; `prober versions` lists what there is")
    if known_kind == "known-good" and re.fullmatch("v[0-9]+", ref) and ref not in {f"v{one.number}" for one in known}:
        there = f"v{known[0].number} to v{known[-1].number}" if len(known) > 1 else f"v{known[0].number}"
        raise ConfigurationError(f"there is no version {ref} of {quoted(what)}; there is {there}: prober versions")
    if not ref and not known:
        raise ConfigurationError("ref is missing: say which commit or release was deployed")
    return store.change(versions.mark, known_kind, what, ref or f"v{known[-1].number}", actor, note, now)
