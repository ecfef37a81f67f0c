"""The documentation: pages, the parts of them that are generated (`python -m docs`), and what the site needs."""
