"""Measures what a run of one scenario takes by itself, and what the unused plugin costs.

    .venv/bin/python benchmarks/start_up.py [--rounds 5]

The run certifies REC-01 at an endpoint in another process, with all reports. It is compared with
`pytest --collect-only` in an empty project, which is what pytest alone takes; so is the same with
the installed plugins that nobody uses there: pytest-mews and Hypothesis's own, which comes with it.
CPU is that of the whole command; least of the rounds, in turn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from demo_partner_process import demo_partner
from measured_process import run_measured
from peers import print_ratio

PLUGINS = ("mews", "hypothesispytest")


def without(*plugins: str) -> list[str]:
    """Return the command for an empty project, without some of the installed plugins."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "."]
    return command + [part for plugin in plugins for part in ("-p", f"no:{plugin}")]


def main() -> None:
    """Run the commands in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    least: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as temporary, demo_partner() as url:
        folder = Path(temporary)
        (folder / "pytest.ini").write_text("[pytest]\n")
        one_scenario = [sys.executable, "-m", "pytest_mews", "certify", url, "REC-01"]
        commands = {
            "pytest": without(*PLUGINS),
            "plugin": without("hypothesispytest"),
            "plugins": without(),
            "scenario": [*one_scenario, "--report", "report"],
        }
        for _ in range(options.rounds):
            for name, command in commands.items():
                cpu_s = run_measured(command, folder=folder).cpu_s
                least[name] = min(least.get(name, cpu_s), cpu_s)
    for what, name in (
        ("CPU of one scenario with all reports", "scenario"),
        ("CPU of pytest --collect-only with the unused plugin", "plugin"),
        ("CPU of the same with Hypothesis's plugin too", "plugins"),
    ):
        print_ratio(f"{what} against pytest alone", least[name], least["pytest"], "s")


if __name__ == "__main__":
    main()
