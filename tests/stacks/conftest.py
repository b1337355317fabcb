"""One running partner for each stack, and its certification."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.partner_processes import RunningService
from tests.stacks.partners import SOUND, Partner, require, running


@pytest.fixture(scope="module", params=SOUND, ids=lambda partner: partner.name)
def partner(request: pytest.FixtureRequest) -> Partner:
    """A sound partner whose stack this machine has."""
    found: Partner = request.param
    require(found)
    return found


@pytest.fixture(scope="module")
def service(partner: Partner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The partner as a process on a loopback port."""
    with running(partner, tmp_path_factory.mktemp(partner.name)) as started:
        yield started
