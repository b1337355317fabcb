"""The other side of batches.py: hypothesis-jsonschema, in an environment of its own.

Reads {"schema": …, "examples": …} from standard input and writes the figures to standard output.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema_rs
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from measuring import measure

FORMATS = {"uuid": st.uuids().map(str)}  # the one format of the schema that it does not know

task = json.load(sys.stdin)
validator = jsonschema_rs.Draft202012Validator(task["schema"], validate_formats=True)


def check(body: Any) -> tuple[int, bool]:  # noqa: ANN401 - JSON
    """Write and read the body like our side does, and validate it."""
    read = json.loads(json.dumps(body).encode())
    return len(read["Events"]), validator.is_valid(read)


json.dump(
    measure(from_schema(task["schema"], custom_formats=FORMATS), check, task["examples"]),
    sys.stdout,
)
