"""`python -m pytest_mews`: the command `mews`, where it is not on the PATH."""

from __future__ import annotations

import sys

from pytest_mews.command.main import main

sys.exit(main())
