"""The peers of the benchmarks: which one is missing, how to install it, one ratio a line."""

from __future__ import annotations

import shutil
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

PACKAGES = {"nginx": "nginx-light", "wrk": "wrk"}  # of Debian, by program


def has_programs(*programs: str) -> bool:
    """Return whether all programs are installed; print how to install those that are not."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        packages = " ".join(PACKAGES[program] for program in missing)
        print(f"not measured: {', '.join(missing)} is missing. apt-get install {packages}")
    return not missing


def create_environment(folder: Path, requirements: Sequence[str]) -> Path | None:
    """Create a virtual environment with packages from the package index.

    Args:
        folder: where; it must not exist.
        requirements: what pip installs.

    Returns:
        Its folder of programs; None if the packages can't be installed, which is printed.

    """
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    command = [str(programs / "python"), "-m", "pip", "install", "-qq", *requirements]
    if subprocess.run(command, check=False).returncode:
        print(f"not measured: a package index is needed. pip install {' '.join(requirements)}")
        return None
    return programs


def print_ratio(what: str, ours: float, peer: float, unit: str) -> None:
    """Print one comparison: the figure of pytest-mews, that of the peer, and their ratio."""
    print(f"{what}: {ours:.4g} {unit}, peer {peer:.4g} {unit}, ratio {ours / peer:.2f}", flush=True)
