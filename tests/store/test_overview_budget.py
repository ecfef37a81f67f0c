"""What the overview knows of an endpoint's rules: its budget and what is spent of it, and what there is of a reference."""

from __future__ import annotations

from prober.model.budget import Budget, ScopedBudget, Spent
from prober.model.evidence import Judgement
from prober.model.reference import ReferenceRule
from prober.store import Store, declared, spending
from prober.store.pages import overview
from tests.store.world import DAY, NOW, SEARCH, complete


def test_rules_spending_and_what_is_gathered(store: Store) -> None:
    limited = SEARCH.model_copy(
        update={"budget": Budget(asks_per_day=9), "reference": ReferenceRule(rounds=7, hours=3)}
    )
    store.change(declared.remember, [], [limited], NOW)
    for day in (NOW - DAY, NOW):
        scoped = ScopedBudget(limited.name, limited.budget, endpoint=limited.name)
        store.change(spending.reserve, [scoped], [Spent(1, 5), Spent(1, 6)], day)
    growing = Judgement("", "insufficient_evidence", 0.0, 1.0, missing="6 more rounds")
    complete(store, NOW, endpoint=limited, judgement=growing)
    (view,) = [one for one in store.query(overview.endpoints) if one.name == limited.name]
    assert view.reference == ReferenceRule(rounds=7, hours=3)
    assert view.budget == Budget(asks_per_day=9)
    assert [one.spent for one in view.spending if one.period == "day"] == [(2, 11, 0)] * 2
    assert [(one.rounds, one.first_at) for one in view.gathered] == [(1, NOW)]
    store.change(declared.remember, [], [limited.model_copy(update={"budget": Budget(asks_per_day=4)})], NOW)
    assert store.query(overview.endpoints)[0].budget == Budget(asks_per_day=4), "an edit of a rule is seen"
