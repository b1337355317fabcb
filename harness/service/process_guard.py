"""A program between the harness and the service: ends the service when the harness ends.

    python process_guard.py GRACE_S COMMAND [ARGUMENT …]

The harness holds the other end of the pipe at the standard input; it closes when the harness closes
it, and also when the harness is killed. Then the process group of this program gets SIGTERM and,
after GRACE_S seconds or once the command has ended, SIGKILL. If the command ends by itself, this
program ends with its status, or with 128 plus the number of the signal that killed it.

It imports nothing of the package: it starts in a few hundredths of a second.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

CANNOT_START = 127  # as a shell says it
SIGNALLED = 128
OWN_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(grace_s: float, command: list[str]) -> int:
    """Run the command; return its exit status."""
    for number in OWN_SIGNALS:  # a handler, unlike SIG_IGN, is not inherited by the command
        signal.signal(number, lambda *_: None)
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the user's
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - in the log
        return CANNOT_START
    ender = threading.Thread(target=_end_with_harness, args=(process, grace_s), daemon=True)
    ender.start()
    status = process.wait()
    return SIGNALLED - status if status < 0 else status


def _end_with_harness(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """Wait until the pipe closes, and end the process group, this process included."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
