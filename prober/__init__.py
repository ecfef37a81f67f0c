"""Tells you, with evidence, that a model you depend on has silently changed.

`docs/contributing/journey.md` follows one reply through it, and `docs/contributing/architecture.md` has its rooms.
"""
