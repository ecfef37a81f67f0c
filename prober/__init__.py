"""Tells you, with evidence, that a model you depend on has silently changed. The journey, in ten lines:

1. `loading.load` reads the files: probe sets, endpoints, or every mistake at once.
2. `daemon.serve` makes a job of each set on each endpoint; when one is due, it calls `service.run_round.run`.
3. `store.Store.due` writes the round down, and `store.Store.claim` takes it in hand.
4. `asking.interface.Provider.ask` puts each probe to the endpoint, once; a failed ask is a reply with a reason.
5. `fingerprint.fingerprint` reads the features of a reply.
6. `store.Store.record` keeps the raw reply beside them.
7. `judging.judge.advance` holds the round against the reference, channel by channel: a judgement.
8. `incidents.lifecycle.decide` makes a decision of it, which has a named reason.
9. `store.Store.settle` writes judgement, incident and owed notices in one transaction.
10. `service.deliver.deliver` sends a notice and then marks it sent; `dashboard` shows what the store holds.
"""
