"""The HTTP service: what is served to scrapers, routers, pipelines and load balancers. It judges nothing.

Reads go through a store that is opened read-only. To add an address: a function and a row of `ROUTES` in
`prober.api.app`, and its description in `prober.api.openapi`; a test holds the two equal.
"""
