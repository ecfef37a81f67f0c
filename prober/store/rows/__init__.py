"""Tables. All are imported here, so that the metadata of `Row` know each of them.

Rows never leave `prober.store`: readers get views and types. An `id` is None only until its row is flushed, which
nobody else sees; hence its type.
"""

from prober.store.rows.bill import BillDayRow, BillRow, SampleHourRow
from prober.store.rows.declared import UNKNOWN_PROMPT, EndpointRow, ProbeSetRow, SeriesRow
from prober.store.rows.incidents import ActionRow, IncidentRow, NoticeRow
from prober.store.rows.operation import DaemonRow, MaintenanceRow, RetentionRow, SpendingRow
from prober.store.rows.rounds import EpochRow, FactMemoryRow, MemoryRow, ReplyRow, RoundRow, WatchRow
from prober.store.rows.row import Row
from prober.store.rows.samples import SampleRow, SampleShiftRow, SampleTallyRow, SampleWatchRow
from prober.store.rows.tallies import LineRow, PointRow, TallyRow
from prober.store.rows.versions import (
    CandidateRow,
    ExperimentRow,
    MarkRow,
    ModelListRow,
    PairRow,
    RetirementRow,
    VersionRow,
)

__all__ = [
    "UNKNOWN_PROMPT",
    "ActionRow",
    "BillDayRow",
    "BillRow",
    "CandidateRow",
    "DaemonRow",
    "EndpointRow",
    "EpochRow",
    "ExperimentRow",
    "FactMemoryRow",
    "IncidentRow",
    "LineRow",
    "MaintenanceRow",
    "MarkRow",
    "MemoryRow",
    "ModelListRow",
    "NoticeRow",
    "PairRow",
    "PointRow",
    "ProbeSetRow",
    "ReplyRow",
    "RetentionRow",
    "RetirementRow",
    "RoundRow",
    "Row",
    "SampleHourRow",
    "SampleRow",
    "SampleShiftRow",
    "SampleTallyRow",
    "SampleWatchRow",
    "SeriesRow",
    "SpendingRow",
    "TallyRow",
    "VersionRow",
    "WatchRow",
]
