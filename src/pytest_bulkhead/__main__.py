"""`python -m pytest_bulkhead` is the command `bulkhead`."""

from __future__ import annotations

import sys

from pytest_bulkhead.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
