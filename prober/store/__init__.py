"""Everything that is kept, and the only SQL: rounds, raw replies, verdicts, incidents, notices.

`Store.open(url)` opens SQLite or Postgres; readers get the types of `prober.store.views` and the words of the house.
"""

from prober.store.store import Store

__all__ = ["Store"]
