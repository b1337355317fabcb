"""Without a certification, the plugin imports almost nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
import pytest
before = set(sys.modules)
import pytest_mews.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_plugin_loads_only_pytest() -> None:
    """Importing the plugin loads no module beyond pytest's own and the option table."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    assert set(json.loads(done.stdout)) == {
        "pytest_mews",
        "pytest_mews.plugin",
        "pytest_mews.options",
        "pytest_mews.plain_imports",
    }


def test_a_run_without_a_target_loads_nothing_more(tmp_path: Path) -> None:
    """Configuring pytest without --mews-target does not import the certification."""
    script = (
        "import sys, pytest\n"
        "class Reporter:\n"
        "    def pytest_sessionfinish(self):\n"
        "        heavy = [m for m in sys.modules if m.startswith('pytest_mews.')]\n"
        "        print('LOADED', sorted(heavy))\n"
        "pytest.main(['-q', '-p', 'no:cacheprovider'], plugins=[Reporter()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert (
        "LOADED ['pytest_mews.options', 'pytest_mews.plain_imports', 'pytest_mews.plugin']"
        in done.stdout
    )


def test_libraries_that_few_need_are_not_loaded_at_the_start(tmp_path: Path) -> None:
    """The chart library waits for a report, jsonschema for a wrong file; requests is the kit's."""
    script = (
        "import sys, pytest\n"
        "status = pytest.main(['-q', '-p', 'no:cacheprovider', '--mews-target', 'demo',\n"
        "                      '--collect-only'])\n"
        "libraries = {'pytest_mews.reports.charts', 'vl_convert', 'jsonschema', 'requests'}\n"
        "print('LOADED', int(status), *libraries & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "LOADED 0 pytest_mews.reports.charts"


def test_the_emulators_of_the_kit_do_not_load_hypothesis(tmp_path: Path) -> None:
    """Only what builds or generates messages does; `mews_webhooks` knows its sender by it."""
    (tmp_path / "test_emulators.py").write_text(
        "import sys\n"
        "def test_emulators(mews_api, mews_websocket):\n"
        "    assert not {'hypothesis', 'pycurl', 'jsonschema'} & sys.modules.keys()\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout
