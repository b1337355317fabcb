"""What a run sets for its process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, tempfile, threading
from xml.etree import ElementTree

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]

{setting}
inside, leave = threading.Barrier(9), threading.Event()


def allocate():
    kept = bytes(100_000)
    inside.wait()
    leave.wait()


threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
inside.wait()
with tempfile.NamedTemporaryFile() as file:
    stream = libc.fopen(file.name.encode(), b"w")
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(len(ElementTree.parse(file.name).findall("heap")))
leave.set()
"""


def arenas(setting: str) -> int:
    """Return how many arenas glibc has for nine threads, after this statement."""
    command = [sys.executable, "-c", ARENAS.format(setting=setting)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_threads_share_one_arena() -> None:
    """With glibc the memory that one thread has freed is there for the others."""
    save = "from pytest_mews.session.process_memory import tune_process; tune_process()"
    assert arenas("") > 1
    assert arenas(save) == 1


def test_garbage_is_collected_as_rarely_under_pytest() -> None:
    """A run has the thresholds of the command `mews`, whichever program started it."""
    check = (
        "import gc; from pytest_mews.session.process_memory import GC_THRESHOLDS, tune_process; "
        "assert gc.get_threshold() != GC_THRESHOLDS; tune_process(); "
        "assert gc.get_threshold() == GC_THRESHOLDS"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_results_are_frozen_once() -> None:
    """The collections at the end look at nothing of the run; a second run keeps no garbage."""
    check = (
        "import gc; from pytest_mews.session.process_memory import freeze_results; "
        "freeze_results(); count = gc.get_freeze_count(); assert count > 1000; "
        "kept = [[] for _ in range(1000)]; freeze_results(); "
        "assert gc.get_freeze_count() <= count"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
