"""Everything that is kept, and the only SQL: rounds, raw replies, verdicts, incidents, notices.

`Store.open(url)` opens SQLite or Postgres; readers get the types of `store.pages.views` and of `model`.
"""

from prober.store.store import Store

__all__ = ["Store"]
