# ---
# jupyter:
#   jupytext: {formats: "py:percent"}
# ---
# %% [markdown]
# # A backtest
#
# What would the prober have found in a history of replies, how soon, and at which rate of false alarms? Open this file
# as a notebook (VS Code, PyCharm, or Jupyter with jupytext), or run it: `python examples/backtest.py [LOG…]`.
# Without a log it makes a history: 30 daily rounds of a simulated model that begins to refuse on day 20.

# %%
import sys
from datetime import UTC, datetime, timedelta

from prober import ask, judge, read_log
from prober.library import Endpoint, LoggedReply, Probe

LOGS = [one for one in sys.argv[1:] if one.endswith((".jsonl", ".jsonl.gz", ".json"))]
BEGAN, CHANGED = datetime(2026, 1, 1, tzinfo=UTC), 20


def history() -> list[LoggedReply]:
    """Thirty days of a model that nobody said was changed."""
    changing = {
        "world": "refusal",
        "strength": 0.6,
        "seed": 1,
        "changes_at": (BEGAN + timedelta(days=CHANGED)).isoformat(),
    }
    endpoint = Endpoint(name="bot", provider="scripted", model="parrot-1", parameters=changing)
    probes = [Probe(id=name, prompt=f"Pick a random {name}.", samples=3) for name in ("colour", "animal", "city")]
    return [reply for day in range(30) for reply in ask(endpoint, probes, now=BEGAN + timedelta(days=day))]


replies = [reply for log in LOGS for reply in read_log(log)] or history()
print(f"{len(replies)} replies in {len({one.round for one in replies})} rounds")

# %% [markdown]
# ## What would have been found
#
# Judged by the very functions of the daemon, round by round, so that no round sees the future.

# %%
for one in judge(replies):
    print(f"{one.endpoint}: {one.rounds} rounds, the reference took {one.reference_rounds}")
    for fact in one.facts:
        print(f"  fact in {fact.round}: {fact.part}: {fact.was} → {fact.now}")
    for alarm in one.alarms:
        moved = ", ".join(verdict.channel for verdict in alarm.verdicts)
        print(f"  alarm in {alarm.round}, onset {alarm.onset}: {moved} (evidence {alarm.e_value:.3g})")

# %% [markdown]
# ## What a stricter promise would cost
#
# The fewer false alarms you accept, the later a change is found.

# %%
for rate in (12.0, 1.0, 0.1):
    found = [alarm.round[:10] for one in judge(replies, false_alarms_per_year=rate) for alarm in one.alarms]
    print(f"{rate:>4g} false alarms a year: {', '.join(found) or 'nothing found'}")

# %% [markdown]
# ## Would it have been quiet without the change?
#
# The rounds before the change alone: an alarm here would be a false one.

# %%
if not LOGS:
    before = [one for one in replies if one.reply.at < BEGAN + timedelta(days=CHANGED)]
    print("alarms before the change:", sum(len(one.alarms) for one in judge(before)))
