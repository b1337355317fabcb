"""One running partner for each stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.partner_processes import RunningService
from tests.stacks.stack_partners import SOUND_PARTNERS, StackPartner, run_partner, skip_if_missing


@pytest.fixture(scope="module", params=SOUND_PARTNERS, ids=lambda partner: partner.name)
def partner(request: pytest.FixtureRequest) -> StackPartner:
    """A sound partner; skips the test if this machine lacks its stack."""
    stack_partner: StackPartner = request.param
    skip_if_missing(stack_partner)
    return stack_partner


@pytest.fixture(scope="module")
def service(
    partner: StackPartner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """The partner, running on a loopback port."""
    with run_partner(partner, tmp_path_factory.mktemp(partner.name)) as running_service:
        yield running_service
