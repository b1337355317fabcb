"""Record what each scenario looks like when it fails, in scenarios/failing_examples.toml.

.venv/bin/python docs/generate_failing_examples.py [ID …]

Runs each scenario, or the named ones, against a demo partner with a flaw that it detects, if
possible one that is shipped: about ten minutes for all of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pytest_mews.config.settings import resolve_settings  # noqa: E402 - after the path
from pytest_mews.demo import PARTNER_KINDS  # noqa: E402

SHIPPED = frozenset(PARTNER_KINDS)  # before those of the tests are registered

from pytest_mews.mews.events import Channel, event_names  # noqa: E402
from pytest_mews.model import Scenario  # noqa: E402
from pytest_mews.model.verdict import FAILURES  # noqa: E402
from pytest_mews.run.runner import CertificationRunner  # noqa: E402
from pytest_mews.scenarios import loader  # noqa: E402
from pytest_mews.scenarios.failing_examples import (  # noqa: E402
    FailingExample,
    load_failing_examples,
)
from tests import demo_flaws, scenario_flaws  # noqa: E402, F401 - registers the flaws

FILE = ROOT / "scenarios" / "failing_examples.toml"
HEADER = "# Written by docs/generate_failing_examples.py.\n"
TRIES = 3  # some flaws are a matter of time, which a busy machine can hide
OPTIONS = {
    "mews_time_scale": "0.001",
    "mews_examples": "2",
    "mews_fetch_timeout": "3",
    "mews_events": ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION)),
}


def record(scenario: Scenario) -> FailingExample | None:
    """Run a scenario against a flawed demo partner; None without one, or if it did not fail."""
    flaws = scenario_flaws.FLAWS[scenario.id]
    if not flaws:
        return None
    flaw = next((name for name in flaws if name in SHIPPED), flaws[0])
    for _ in range(TRIES):
        with TemporaryDirectory() as folder:
            settings = resolve_settings(
                {"mews_target": f"demo:{flaw}", "mews_report": folder, **OPTIONS},
                environ={},
                rootdir=ROOT,
                seed=1,
            )
            with CertificationRunner(settings) as runner:
                result = runner.certify(scenario)
        if result.verdict in FAILURES:
            description = PARTNER_KINDS[flaw].description
            return FailingExample(description, result.reason, flaw if flaw in SHIPPED else "")
    sys.stderr.write(f"{scenario.id}: {flaw} is {result.verdict}: {result.reason}\n")
    return None


def render(examples: Mapping[str, FailingExample]) -> str:
    """Return the text of the file, in the order of the scenarios."""
    tables = [HEADER]
    for scenario in loader.load_scenarios():
        if example := examples.get(scenario.id):
            lines = [  # a JSON string is also one of TOML
                f"{key} = {json.dumps(value, ensure_ascii=False)}"
                for key in ("service", "observed", "partner")
                if (value := getattr(example, key))
            ]
            tables.append("\n".join([f"[{scenario.id}]", *lines, ""]))
    return "\n".join(tables)


def main(ids: list[str]) -> None:
    """Write the file; with `ids` change only these."""
    if not FILE.exists():
        FILE.write_text(HEADER, "utf-8")
    examples = dict(load_failing_examples()) if ids else {}
    for scenario in loader.load_scenarios():
        if not ids or scenario.id in ids:
            example = record(scenario)
            if example is not None:
                examples[scenario.id] = example
                FILE.write_text(render(examples), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
