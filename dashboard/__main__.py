"""`python -m dashboard run app.py …` is `streamlit run` behind the door (`dashboard.door`)."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def stop(number: int, frame: FrameType | None) -> None:
    """Until Streamlit has its own handlers, a stop while modules are imported prints one line, as in every verb."""
    sys.stderr.write("stopped\n")
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # Not at the top: the import takes half a second, in which a signal may come.
    from dashboard.door import main

    main()
