"""Files → probe sets and endpoints; every mistake of every file at once, with its line and how to fix it.

    probes/endpoints.yaml      the endpoints, by name; also `<anything>.endpoints.yaml`
    probes/alerts.yaml         who is notified of what, and when; may be left out
    probes/budgets.yaml        what owners, and everything, may cost, and the team's own bill; may be left out
    probes/samples.yaml        what of live samples is kept; for `prober ingest`, and may be left out
    probes/<name>.yaml         one probe set each

The modules, in the order a file passes them: `files` finds it and explains broken YAML; `lines` turns it into plain
values that know their line, and finds secrets; `validation_errors` checks it against its shape; `gather` puts sets and
endpoints together under `rules`, `checks` and `cron`; `declarations` is all of it, and what it results in. `schemas`
are JSON Schemas of the five kinds of file, for editors.
"""
