"""Random text is UTF-8, is cheap to generate, and has the form that is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.senders.connector import random_text

pytestmark = pytest.mark.slow

SETTINGS = settings(database=None, deadline=None, max_examples=50)

# In a process of its own: Hypothesis caches strategies that other tests have built.
NO_CODEC = """
import sys
from hypothesis import Phase, given, settings
from hypothesis.internal import charmap
from pytest_mews.scenarios.loader import load_scenarios
from pytest_mews.senders import Target
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.payload_schemas import actions, discriminators
from tests.senders.conftest import TENANTS


def fail(codec):
    sys.exit(f"{specification.name} of {scenario.id} reads the table of {codec}")


charmap.intervals_from_codec = fail
target = Target("2026-04", (*discriminators("2026-04"), *actions("2026-04")), 500, TENANTS)
generate = settings(database=None, deadline=None, max_examples=20, phases=[Phase.generate])
seen = set()
for scenario in load_scenarios():
    for specification in scenario.message_specs:
        strategy = CONNECTOR.plans_for(specification, target).strategy
        if strategy is not None and repr(strategy) not in seen:
            seen.add(repr(strategy))
            generate(given(strategy)(lambda plan: None))()
            print(scenario.id)
"""


def test_no_generator_reads_the_table_of_a_codec() -> None:
    """No generator makes Hypothesis build its table of UTF-8: 1.4 s and 200 MB per process."""
    command = [sys.executable, "-c", NO_CODEC]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "REC-03" in done.stdout.split()  # has random cases


@SETTINGS
@given(st.text(random_text.characters(exclude="\0")))
def test_any_character_is_utf_8_and_not_an_excluded_one(text: str) -> None:
    """Text can be encoded as UTF-8."""
    assert text.encode().decode() == text
    assert "\0" not in text


@SETTINGS
@given(random_text.undocumented_names({"AaAa"}))
def test_names_are_undocumented_and_ascii(name: str) -> None:
    """Names are in Pascal case, in ASCII, and none is a documented one."""
    assert name.isascii()
    assert name[0].isupper()
    assert name != "AaAa"


@SETTINGS
@given(random_text.email_addresses())
def test_email_addresses_have_one_at_sign_and_a_domain(address: str) -> None:
    """An address has a local part that no dot begins or ends, and a domain with a dot."""
    local, domain = address.split("@")
    assert local.strip(".") == local
    assert "." in domain
    assert len(local) <= 64  # RFC 5321, 4.5.3.1.1
