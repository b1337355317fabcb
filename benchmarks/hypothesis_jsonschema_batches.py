"""Measures hypothesis-jsonschema for batch_generation.py, in an environment of its own.

Reads {"schema": …, "examples": …} from standard input and writes the figures as JSON to standard
output.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema_rs
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from measure_strategy import measure

FORMATS = {"uuid": st.uuids().map(str)}  # the schema's only format that it doesn't know

task = json.load(sys.stdin)
validator = jsonschema_rs.Draft202012Validator(task["schema"], validate_formats=True)


def check(body: Any) -> tuple[int, bool]:  # noqa: ANN401 - JSON
    """Serialize and parse the body, as batch_generation.py does, and validate it."""
    parsed = json.loads(json.dumps(body).encode())
    return len(parsed["Events"]), validator.is_valid(parsed)


json.dump(
    measure(from_schema(task["schema"], custom_formats=FORMATS), check, task["examples"]),
    sys.stdout,
)
