"""`python -m dashboard run app.py …` is `streamlit run` behind the door (`dashboard.door`)."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def stop(number: int, frame: FrameType | None) -> None:
    """Until Streamlit has its own handlers: a stop while modules are read is one line, as of every verb."""
    sys.stderr.write("stopped\n")
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # Not above: reading it takes half a second, in which it may be stopped.
    from dashboard.door import main

    main()
