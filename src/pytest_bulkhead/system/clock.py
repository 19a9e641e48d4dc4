"""The clock of the run: one home for time, so that decisions can be given it as a number."""

from __future__ import annotations

import time

#: Seconds on a clock that never goes back; the same in every process of the machine.
monotonic = time.monotonic

#: Seconds since the epoch, for reports.
wall = time.time

pause = time.sleep
