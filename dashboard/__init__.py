"""The dashboard: is anything different from what we pinned, and what shows it?

It reads the store and nothing else: no SQL, no statistics, no provider. `app.py` lists the pages, a file each, and
`frame.py` is what they share. Modules that draw nothing say so: they are pure.
"""
