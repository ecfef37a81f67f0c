"""`prober gate`: may this candidate replace the reference? Asks both in pairs, and stops as soon as that is decided.

sides      where the replies of one side come from: an endpoint that is asked, or a reply log
run        block by block: one pair a probe, until decided or out of budget
report     what a person, a pipeline and a pull request read

Imports nothing: every run of pytest loads this package for its plugin, and numpy reads how many threads it may use when
it is first imported.
"""
