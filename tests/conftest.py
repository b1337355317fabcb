"""Fixtures of all tests: settings, runs of pytest, validated reports."""

from __future__ import annotations

import gc
import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import hypothesis.core
import pytest

import pytest_mews.session.certification_plugin  # noqa: F401 - see below
import tests.demo_flaws
from pytest_mews.config.settings import Settings, resolve_settings
from pytest_mews.reports.picture_process import PictureProcess
from pytest_mews.session.process_memory import GC_THRESHOLDS
from tests import crash_traces
from tests.report_reader import validate_report
from tests.without_pictures import vl_convert

# pytester forgets the modules that a run in this process imports: those of the plugin are imported
# above, so that each run does not import them anew.

ROOT = Path(__file__).parents[1]
REPORT_NAME = "certification.json"

# A shell starts a background command with SIGINT ignored, and nohup one with SIGHUP ignored. Child
# processes would inherit that, and the tests that interrupt them would wait forever.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# No test writes to the job that runs the tests.
for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(name, None)

# On a busy machine any example may take long.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

# Processes in folders of their own would each make Hypothesis's table of characters again: 0.2 s.
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(ROOT / ".hypothesis")

# Folders of tests that wait for whole runs. Each worker of pytest-xdist begins with its share of
# them: one that began with the others would be the last to end.
WAITING = {
    "acceptance",
    "browser",
    "causes",
    "fuzz",
    "redaction",
    "service",
    "session",
    "soundness",
    "stacks",
}
LONGEST = "certification"
# In the names of tests that wait for more than 20 s: they begin before the last part of all tests,
# and the first ones here, which wait for a minute and more, before the others.
LONG_WAITS = (
    *("is_ready", "test_causes_of_a_whole_stage", "fetches-first", "test_sound_client_passes"),
    *("test_sound_partner_passes", "test_work_on_a_partner", "fetches-before-answering"),
    *("test_endpoint_that_", "test_a_long_outage", "test_a_permanent_lockout"),
    *("test_a_killed_run", "test_an_interruption_of_the_wait", "calls_the_api"),
    *("first-event-only", "first-token-for-all", "one-at-a-time", "slow-per-event"),
    *("fetches-later-when-disabled", "always-200", "time-per-event", "accepts-anything"),
)
LAST_PART = 0.2

# All tests of a module are slow.
SLOW_MODULE = re.compile(r"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)

# Collecting makes a million objects, none of which ends before the run: the garbage collector would
# go through them again and again, in each worker.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Show where a worker crashed."""

    def folder() -> Path:
        temporary = tempfile.TemporaryDirectory(prefix="mews-crashes-")
        config.add_cleanup(temporary.cleanup)
        return Path(temporary.name)

    crash_traces.register(config, folder)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of which `-m slow` or `-m "not slow"` selects no test.

    Importing a module takes longer than collecting its tests.
    """
    selected = config.getoption("markexpr")
    if selected not in {"slow", "not slow"} or not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text("utf-8")
    left_out = SLOW_MODULE.search(text) if selected == "not slow" else "mark.slow" not in text
    return True if left_out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the part of the list that each worker gets.

    Tests that wait and tests that compute take turns, so that the workers together do both at any
    time; no long wait is left for the end. The tests of a module stay together, for its fixtures.
    """
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    long_waits: list[pytest.Item] = []
    longest: list[pytest.Item] = []
    waiting: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        folder = item.path.parent.name
        if _rank(item) < len(LONG_WAITS):
            long_waits.append(item)
        elif folder == LONGEST:
            longest.append(item)
        else:
            (waiting if folder in WAITING else others).append(item)
    items[:] = []
    long_waits.sort(key=_rank)
    shares = [divide(part, count) for part in (waiting, others)]
    for number in range(count):
        items += take_turns(
            [
                ([[item] for item in long_waits[number::count]], 1 - LAST_PART),
                ([[item] for item in longest[number::count]], 1.0),
                *((share[number], 1.0) for share in shares),
            ]
        )


def _rank(item: pytest.Item) -> int:
    """Return where the name of a long wait stands in the list; its length for another test."""
    ranks = (rank for rank, name in enumerate(LONG_WAITS) if name in item.name)
    return next(ranks, len(LONG_WAITS))


def divide(items: Sequence[pytest.Item], count: int) -> list[list[list[pytest.Item]]]:
    """Divide tests into as many shares of about the same size; each is a list of modules' tests."""
    shares: list[list[list[pytest.Item]]] = [[] for _ in range(count)]
    divided = 0
    for _, module in groupby(items, lambda item: item.path):
        shares[divided * count // len(items)].append(group := list(module))
        divided += len(group)
    return shares


def take_turns(
    lists: Sequence[tuple[Sequence[list[pytest.Item]], float]],
) -> list[pytest.Item]:
    """Return the tests of several lists of groups, so that each list lasts until its end.

    The end of a list is a share of the whole: 1 if it lasts as long as all others.
    """
    positions = [
        ((index + 0.5) / len(groups) * end, group)
        for groups, end in lists
        for index, group in enumerate(groups)
    ]
    ordered = sorted(positions, key=lambda pair: pair[0])
    return [item for _, group in ordered for item in group]


def pytest_collection_finish() -> None:
    """Leave what was collected out of all later garbage collections, and make these rarer.

    They are as rare as in a run, for the same reason.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that builds settings; its keywords are options without `mews_`."""

    def build(target: str, **options: object) -> Settings:
        values = {f"mews_{name}": value for name, value in options.items()}
        values = {"mews_report": str(tmp_path / "report"), "mews_target": target, **values}
        return resolve_settings(values, environ={}, rootdir=tmp_path, seed=1)

    return build


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return the pytester, whose runs rewrite no assertions; restore what --hypothesis-seed sets.

    Each run would look for assertions in the files of every installed plugin. Nor does a run in
    this process take the traces of its crashes away from `crash_traces`.
    """
    monkeypatch.setenv("PYTEST_ADDOPTS", "--assert=plain -p no:faulthandler")
    monkeypatch.setattr(hypothesis.core, "global_force_seed", None)
    return pytester


@pytest.fixture(autouse=True)
def empty_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures of reports empty, in child processes too, unless a test is about them.

    Drawing takes longer than the rest of a short run. The marker `pictures` has them drawn.
    """
    if request.node.get_closest_marker("pictures") is None:
        picture = vl_convert.vegalite_to_svg
        monkeypatch.setattr(PictureProcess, "draw", lambda _, spec: picture(spec))
        monkeypatch.setenv("PYTHONPATH", str(Path(vl_convert.__file__).parent))


@pytest.fixture
def flaws_of_tests(empty_pictures: None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the options with which other processes have the flaws in `tests.demo_flaws`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    return "-p", tests.demo_flaws.__name__


class Folders:
    """The folders of tests; each call returns those that are new.

    The list becomes long, and every test asks: it is read only if it has changed.
    """

    def __init__(self, base: Path) -> None:
        self._base, self._state = str(base), (0, 0)
        self._known: set[str] = set()

    def __call__(self) -> set[str]:
        """Return the paths of the folders since the last call."""
        status = os.stat(self._base)  # noqa: PTH116 - a string, as below
        state = (status.st_mtime_ns, status.st_nlink)
        if state == self._state:
            return set()
        self._state = state
        with os.scandir(self._base) as entries:
            paths = {entry.path for entry in entries if entry.is_dir(follow_symlinks=False)}
        new, self._known = paths - self._known, paths
        return new


@pytest.fixture(scope="session")
def new_folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Return a function that returns the folders of tests that are new since its last call."""
    return Folders(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def validate_reports(request: pytest.FixtureRequest, new_folders: Folders) -> Iterator[None]:
    """Validate every certification.json that a test or a wider fixture wrote.

    A file that is no report on purpose has another name.
    """
    own = {str(path) for name in ("tmp_path", "pytester") if (path := _folder(request, name))}
    yield
    folders = new_folders() | own
    for path in sorted(path for folder in folders for path in Path(folder).rglob(REPORT_NAME)):
        validate_report(path)


def _folder(request: pytest.FixtureRequest, name: str) -> Path | None:
    if name not in request.fixturenames:
        return None
    value = request.getfixturevalue(name)
    return value if isinstance(value, Path) else value.path
