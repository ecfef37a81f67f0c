"""The dashboard: is anything different from what we pinned, and what shows it?

It reads the store and nothing else: no SQL, no statistics, no provider.

    app.py        what Streamlit runs: chooses the page
    places.py     the pages by name, and the ways between them
    frame.py      what all pages share: one refreshing fragment, the hour, no store
    overview.py   one sentence, open incidents, endpoints × channels
    incident.py   one incident: what moved, replies side by side, what people did
    endpoint.py   one endpoint over time, with its changes marked
    probe.py      one probe: what it asks, answers then and now, raw replies
    quality.py    for the product: expectations, refusals, verbosity by day
    cost.py       for whoever pays: tokens, dollars, the month
    reliability.py  is the prober itself at work?
    promise.py    what was promised, and what happened
    actions.py    acknowledge, mute, accept, by whoever is signed in
    viewer.py     who that is
    choosing.py   boxes to choose from, whose choice stands in the address
    export.py     what is seen, to take away
    timeline.py   what happened to an incident, in order; pure
    context.py    what stands beside the evidence: other endpoints, latency; pure
    reading.py    answers of the store, kept until it has newer ones
    privacy.py    hashes and measures instead of texts; pure
    standing.py   how each endpoint stands, in one word; pure
    words.py      texts for people, and hostile text made harmless; pure
    charts.py     Altair charts of a channel; pure
    charts_time.py  those of rounds, days, categories and the map; pure
    launch.py     the command that starts it
"""
