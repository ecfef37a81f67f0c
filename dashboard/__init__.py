"""The dashboard: is anything different from what we pinned, and what shows it?

It reads the store and nothing else: no SQL, no statistics, no provider.

    app.py        what Streamlit runs: opens the store, chooses the page
    overview.py   the page: one sentence, open incidents, endpoints × channels
    history.py    one channel over time, with the change marked
    incident.py   one incident: what moved, replies side by side
    context.py    what stands beside the evidence: other endpoints, latency; pure
    reading.py    answers of the store, kept until it has newer ones
    standing.py   how each endpoint stands, in one word; pure
    words.py      texts for people, and hostile text made harmless; pure
    charts.py     Altair charts; pure
    launch.py     the command that starts it
"""
