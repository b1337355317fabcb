"""Write the builders of the kit, one for each event type, from the table of events and the schemas.

.venv/bin/python docs/generate_builders.py

They are written, not made at run time, so that an editor completes their names and arguments.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import wrap

from pytest_mews.mews.events import EVENTS, Channel, Event
from pytest_mews.mews.lifecycle import CREATED
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.integration_webhooks import action_shape, data_shape
from pytest_mews.senders.connector.json_shapes import Literal, Record
from pytest_mews.senders.connector.websocket_messages import event_shapes
from pytest_mews.senders.ids import Placeholder

ROOT = Path(__file__).parents[1]
MODULE = ROOT / "harness" / "kit" / "event_builders.py"
PROFILE = CONNECTOR.default_profile
WIDTH = 100
HEAD = '''\
"""A builder for each event type; `docs/generate_builders.py` writes this file."""

# ruff: noqa: A002 - `id` is the name in the payload

from __future__ import annotations

from typing import Any, Literal

from pytest_mews.kit.messages import general_event, integration_action, websocket_event
from pytest_mews.model import Message
'''


def builder_name(event: Event) -> str:
    """Return the name of an event's builder, such as `customer_added`."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event.name).lower()
    return f"{name}_event" if event.channel is Channel.WEBSOCKET else name


def render_module() -> str:
    """Return the module with all builders."""
    builders = [_BUILDERS[event.channel](event) for event in EVENTS.values()]
    formatter = [str(Path(sys.executable).parent / "ruff"), "format", "-"]
    text = "\n\n".join([HEAD, *builders])
    done = subprocess.run(formatter, input=text, capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    return done.stdout


def _general(event: Event) -> str:
    remark = "No operation takes its id."
    if event.is_fetchable_by_id:
        (operation, *_) = (operation for operation in event.operations if operation.ids)
        remark = f"`{operation.name}` returns its entity."
    arguments = {"id": "the id of the entity"} | _IDS
    call = f'general_event("{event.name}", id, enterprise_id, integration_id)'
    parameters = ["id: str | None = None", "*", *(f"{name}: str | None = None" for name in _IDS)]
    summary = f"Build a General Webhook with one {event.name} event."
    return _function(event, parameters, "Message", (summary, remark), arguments, call)


def _integration(event: Event) -> str:
    data = data_shape(action_shape(PROFILE, event.name))
    properties = {member.name: member.shape for member in data.properties}
    arguments: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    if event.name == CREATED:
        arguments["enterprise_id"] = "the enterprise that connects"
        placeholders["enterprise-id"] = "enterprise_id"
    arguments["integration_id"] = "the integration"
    placeholders["integration-id"] = "integration_id"
    for name, shape in properties.items():
        if isinstance(shape, Placeholder):
            arguments[_snake(name)] = f"the `{name}`"
            placeholders[shape.name] = _snake(name)
    parameters = ["*", *(f"{name}: str | None = None" for name in arguments)]
    flags = [name for name, shape in properties.items() if shape == Literal((True, False))]
    for name in flags:
        parameters.append(f"{_snake(name)}: bool = True")
        arguments[_snake(name)] = f"the `{name}`"
    arguments["data"] = "properties of `Data` that replace the generated ones"
    if "Requestor" in properties:
        arguments["data"] += ", such as `Requestor=None`"
    parameters.append("**data: object")
    entries = ", ".join(f'"{name}": {value}' for name, value in placeholders.items())
    values = "".join(f'"{name}": {_snake(name)}, ' for name in flags)
    changed = f"{{{values}**data}}" if flags else "data"
    call = f'integration_action("{event.name}", {{{entries}}}, {changed})'
    owner = "a new enterprise" if event.name == CREATED else "the first built-in enterprise"
    text = (
        f"Build the Integration Webhook {event.name}.",
        f"It is for {owner} unless ids are given.",
    )
    return _function(event, parameters, "Message", text, arguments, call)


def _websocket(event: Event) -> str:
    shape = event_shapes(PROFILE)[event.name]
    assert isinstance(shape, Record)
    arguments: dict[str, str] = {}
    parameters: list[str] = []
    given: list[str] = []
    for member in shape.properties:
        name = _snake(member.name)
        if member.name == "Type":
            continue
        kind = "str"
        if isinstance(member.shape, Literal):
            values = ", ".join(map(_quoted, member.shape.values))
            kind = f"Literal[{values}]"
        parameters.append(f"{name}: {kind} | None = None")
        arguments[name] = f"the `{member.name}`"
        given.append(f'"{member.name}": {name}')
        if name == "id":
            parameters.append("*")
    call = f'websocket_event("{event.name}", {{{", ".join(given)}}})'
    text = (
        f"Build a {event.name} event for `mews_websocket.send`.",
        "What is not given has a documented value, and a new id.",
    )
    return _function(event, parameters, "dict[str, Any]", text, arguments, call)


def _function(  # noqa: PLR0913, PLR0917 - the parts of a function
    event: Event,
    parameters: list[str],
    returns: str,
    summary: tuple[str, str],
    arguments: dict[str, str],
    call: str,
) -> str:
    lines = [f"def {builder_name(event)}("]
    lines += [f"    {parameter}," for parameter in parameters]
    first, second = summary
    lines += [f") -> {returns}:", f'    """{first}', "", f"    {second}", "", "    Args:"]
    for name, text in arguments.items():
        lines += wrap(f"{name}: {text}.", WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12)
    lines += ["", '    """', f"    return {call}", ""]
    return "\n".join(lines)


def _quoted(text: object) -> str:
    return f'"{text}"'


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_IDS = {
    "enterprise_id": "the `EnterpriseId`; that of the first built-in enterprise if omitted",
    "integration_id": "the `IntegrationId`, likewise",
}
_BUILDERS = {
    Channel.GENERAL: _general,
    Channel.INTEGRATION: _integration,
    Channel.WEBSOCKET: _websocket,
}

if __name__ == "__main__":
    MODULE.write_text(render_module(), "utf-8")
