"""Everything that is kept, and the only SQL: rounds, raw replies, verdicts, incidents, notices.

`Store.open(url)` opens SQLite or Postgres. Each module beside it is the repository of one aggregate: functions that
take a `Transaction` first, and only store and read. Tables are in `rows`, the questions of pages in `pages`.
"""

from prober.store.engine import Transaction
from prober.store.store import Store

__all__ = ["Store", "Transaction"]
