"""The payload schemas accept what is documented and reject what nearly is."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_mews.errors import HarnessError
from pytest_mews.senders.connector.payload_schemas import (
    KINDS,
    _inline,
    actions,
    discriminators,
    explain,
    load,
    registry,
    validator,
)

EXAMPLES = {
    "general": "general.json",
    "integration": "integration-created.json",
    "websocket": "websocket.json",
}
PROFILES = ("2022-08", "2026-04")
INTEGRATION = {"Id": "9e5e84e9-974d-4f16-9662-ab2200f27cb1", "Name": "WebhookTEST"}
GONE = object()


def documented(kind: str) -> dict[str, Any]:
    """Read the documented example of a kind."""
    source = files("pytest_mews.schemas") / "examples" / EXAMPLES[kind]
    example: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return example


def verdicts(kind: str, profile: str, instance: object) -> tuple[bool, list[str]]:
    """Validate twice: fast, and for people."""
    return validator(kind, profile).is_valid(instance), explain(kind, profile, instance)


def changed(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Copy a body with one place changed, added, or GONE."""
    copy = deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    node: Any = copy
    for part in way:
        node = node[part]
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return copy


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_documented_example_is_valid(kind: str, profile: str) -> None:
    """Every documented example is valid in every profile, to both validators."""
    assert verdicts(kind, profile, documented(kind)) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_files_work_without_our_loader(kind: str) -> None:
    """The files are plain JSON Schema: any validator with their registry can use them."""
    (reference,) = [uri for uri in registry() if uri.endswith(f"/{kind}.schema.json")]
    plain = Draft202012Validator({"$ref": reference}, registry=registry())
    assert plain.is_valid(documented(kind))
    assert not plain.is_valid([])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_loaded_schema_stands_alone(kind: str, profile: str) -> None:
    """A loaded schema is valid 2020-12, bears no reference, and is the caller's own copy."""
    schema = load(kind, profile)
    Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    schema.clear()
    assert load(kind, profile)


GENERAL_MISTAKES: dict[str, tuple[str, object, str]] = {
    "missing Id": ("Events.0.Value.Id", GONE, "Events.0.Value: 'Id' is a required property"),
    "Id a number": ("Events.0.Value.Id", 7, 'Events.0.Value.Id: breaks type: "string"'),
    "Id no GUID": ("Events.0.Value.Id", "7", 'Events.0.Value.Id: breaks format: "uuid"'),
    "missing Value": ("Events.0.Value", GONE, "Events.0: 'Value' is a required property"),
    "Value null": ("Events.0.Value", None, 'Events.0.Value: breaks type: "object"'),
    "unknown event": ("Events.0.Discriminator", "BillUpdated", "Events.0.Discriminator: breaks"),
    "null event": ("Events.0", None, 'Events.0: breaks type: "object"'),
    "Events null": ("Events", None, 'Events: breaks type: "array"'),
    "no events": ("Events", [], "Events: breaks minItems: 1"),
    "missing Events": ("Events", GONE, "body: 'Events' is a required property"),
    "missing IntegrationId": ("IntegrationId", GONE, "body: 'IntegrationId' is a required"),
    "removed Entities": ("Entities", [], "body: Additional properties are not allowed"),
    "extra in an event": ("Events.0.Id", "7", "Events.0: Additional properties are not"),
    "extra in a Value": ("Events.0.Value.Name", "A", "Events.0.Value: Additional properties"),
}
CREATED_MISTAKES: dict[str, tuple[str, object, str]] = {
    "unknown action": ("Action", "IntegrationRenamed", "body: is none of the documented"),
    "Data of another action": ("Action", "IntegrationEnabled", "Data: Additional properties"),
    "missing Enterprise": ("Data.Enterprise", GONE, "Data: 'Enterprise' is a required"),
    "Enterprise without Name": ("Data.Enterprise.Name", GONE, "Data.Enterprise: 'Name' is"),
    "Service null": ("Data.Service", None, 'Data.Service: breaks type: "object"'),
    "Requestor half": ("Data.Requestor", {"Name": "A"}, "Data.Requestor: 'Email' is a required"),
    "Requestor a text": ("Data.Requestor", "A", "Data.Requestor: is none of the documented"),
    "no e-mail": ("Data.Requestor", {"Name": "A", "Email": "A"}, "Data.Requestor.Email: breaks"),
    "AccessToken null": ("Data.AccessToken", None, 'Data.AccessToken: breaks type: "string"'),
    "IsEnabled a text": ("Data.IsEnabled", "true", 'Data.IsEnabled: breaks type: "boolean"'),
    "not UTC": ("Data.CreatedUtc", "2019-12-13T14:42:52+01:00", "Data.CreatedUtc: breaks pattern"),
    "no zone": ("Data.CreatedUtc", "2019-12-13T14:42:52", "Data.CreatedUtc: breaks"),
    "fraction": ("Data.CreatedUtc", "2019-12-13T14:42:52.5Z", "Data.CreatedUtc: breaks pattern"),
    "no such month": ("Data.CreatedUtc", "2019-13-13T14:42:52Z", "Data.CreatedUtc: breaks format"),
    "line feed": ("Data.CreatedUtc", "2019-12-13T14:42:52Z\n", "Data.CreatedUtc: breaks maxLen"),
    "extra in the body": ("Id", "7", "body: Additional properties are not allowed"),
    "extra in Integration": ("Data.Integration.Url", "A", "Data.Integration: Additional"),
}
WEBSOCKET_MISTAKES: dict[str, tuple[str, object, str]] = {
    "unknown type": ("Events.0.Type", "Bill", "Events.0: is none of the documented variants"),
    "state of another type": ("Events.0.State", "Dirty", "Events.0.State: breaks enum"),
    "missing Id": ("Events.2.Id", GONE, "Events.2: 'Id' is a required property"),
    "RateId null": ("Events.3.RateId", None, 'Events.3.RateId: breaks type: "string"'),
}


@pytest.mark.parametrize(
    ("kind", "path", "value", "complaint"),
    [
        pytest.param(kind, *mistake, id=f"{kind}: {name}")
        for kind, table in (
            ("general", GENERAL_MISTAKES),
            ("integration", CREATED_MISTAKES),
            ("websocket", WEBSOCKET_MISTAKES),
        )
        for name, mistake in table.items()
    ],
)
def test_near_miss_is_rejected(kind: str, path: str, value: object, complaint: str) -> None:
    """One wrong place is enough for both validators, and the explanation names it."""
    valid, complaints = verdicts(kind, "2026-04", changed(documented(kind), path, value))
    assert not valid
    assert any(line.startswith(complaint) for line in complaints), complaints


@pytest.mark.parametrize("body", [[], None, "text", 7])
@pytest.mark.parametrize("kind", KINDS)
def test_no_object_is_rejected(kind: str, body: object) -> None:
    """A body that is no object is rejected without a crash."""
    valid, complaints = verdicts(kind, "2026-04", body)
    assert not valid
    assert complaints


def test_rotated_key_is_known_since_its_revision() -> None:
    """IntegrationApiKeyCreated is a wrong action in 2022-08 and a right one in 2026-04."""
    body = {
        "Action": "IntegrationApiKeyCreated",
        "Data": {"Integration": INTEGRATION, "ApiKey": "0"},
    }
    assert verdicts("integration", "2026-04", body) == (True, [])
    assert verdicts("integration", "2022-08", body)[0] is False
    assert explain("integration", "2022-08", body) == ["body: is none of the documented variants"]


def test_requestor_is_optional_since_its_revision() -> None:
    """Requestor may be null in both profiles, and absent in 2026-04 only."""
    absent = changed(documented("integration"), "Data.Requestor", GONE)
    assert verdicts("integration", "2026-04", absent) == (True, [])
    assert verdicts("integration", "2022-08", absent) == (
        False,
        ["Data: 'Requestor' is a required property"],
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_service_may_be_absent(profile: str) -> None:
    """Service is optional in every profile."""
    absent = changed(documented("integration"), "Data.Service", GONE)
    assert verdicts("integration", profile, absent) == (True, [])


def test_explanation_never_shows_a_value() -> None:
    """A value could be an access token: explanations name places and rules only."""
    body = changed(documented("integration"), "Data.AccessToken", ["s3cret"])
    lines = explain("integration", "2026-04", body)
    lines += explain("integration", "2026-04", {**body, "Action": "s3cret"})
    assert lines
    assert "s3cret" not in " ".join(lines)


def test_vocabulary_of_the_profiles() -> None:
    """The schemas know the documented discriminators and actions of each profile."""
    assert discriminators("2022-08") == discriminators("2026-04")
    assert set(discriminators("2026-04")) == {
        "ServiceOrderUpdated",
        "ResourceUpdated",
        "MessageAdded",
        "ResourceBlockUpdated",
        "CustomerAdded",
        "CustomerUpdated",
        "PaymentUpdated",
    }
    assert set(actions("2026-04")) - set(actions("2022-08")) == {"IntegrationApiKeyCreated"}
    assert len(actions("2026-04")) == 7


def test_unknown_kind_is_our_own_fault() -> None:
    """Asking for a schema that does not exist is a fault of the harness."""
    with pytest.raises(HarnessError, match="no schema of kind 'tenant'"):
        load("tenant", "2026-04")


def test_overriding_a_reference_is_our_own_fault() -> None:
    """What stands beside a reference adds to its target and never contradicts it."""
    resolver = registry().resolver("https://pytest-mews.example/schemas/general.schema.json")
    reference = {"$ref": "common.schema.json#/$defs/id", "type": "integer"}
    with pytest.raises(HarnessError, match="is overridden in type"):
        _inline(reference, resolver)
