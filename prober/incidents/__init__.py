"""The pure state machine of incidents: `suspected → open → acknowledged | muted → closed`.

Every decision is a function of what is known and `now`, and has a named reason (`model.decision.Reason`):

- `lifecycle`: a judged round → whether a change is suspected, opens, goes on, passes, recovers or gives way to another;
- `severity`: how bad it is;
- `trouble`: rounds that fail → whether an endpoint can be asked at all, which is never a change;
- `actions`: what a person does → what becomes of it;
- `clock`: what time alone brings: a mute ends, a reminder is due, an endpoint has gone stale.
"""
