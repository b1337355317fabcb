"""The payload schemas accept documented messages and reject those with one error."""

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
    _resolve_references,
    actions,
    discriminators,
    load_schema,
    registry,
    validation_errors,
    validator,
)

EXAMPLES = {
    "general": "general.json",
    "integration": "integration-created.json",
    "websocket": "websocket.json",
}
PROFILES = ("2022-08", "2026-04", "2026-08")
INTEGRATION = {"Id": "9e5e84e9-974d-4f16-9662-ab2200f27cb1", "Name": "WebhookTEST"}
ABSENT = object()


def documented_example(kind: str) -> dict[str, Any]:
    """Read the documented example of a kind."""
    source = files("pytest_mews.schemas") / "examples" / EXAMPLES[kind]
    example: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return example


def validate(kind: str, profile: str, instance: object) -> tuple[bool, list[str]]:
    """Validate with the fast validator and with the one that explains errors."""
    return validator(kind, profile).is_valid(instance), validation_errors(kind, profile, instance)


def with_change(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Copy a body with the value at a path changed, added, or ABSENT."""
    copy = deepcopy(body)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    node: Any = copy
    for part in parents:
        node = node[part]
    if value is ABSENT:
        del node[last]
    else:
        node[last] = value
    return copy


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_documented_example_is_valid(kind: str, profile: str) -> None:
    """Every documented example is valid in every profile, for both validators."""
    assert validate(kind, profile, documented_example(kind)) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_files_work_with_any_validator(kind: str) -> None:
    """The files are plain JSON Schema: any validator with their registry can use them."""
    (reference,) = [uri for uri in registry() if uri.endswith(f"/{kind}.schema.json")]
    independent = Draft202012Validator({"$ref": reference}, registry=registry())
    assert independent.is_valid(documented_example(kind))
    assert not independent.is_valid([])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_loaded_schema_is_self_contained(kind: str, profile: str) -> None:
    """A loaded schema is valid 2020-12, has no reference, and is a copy."""
    schema = load_schema(kind, profile)
    Draft202012Validator.check_schema(schema)
    assert "$ref" not in json.dumps(schema)
    schema.clear()
    assert load_schema(kind, profile)


GENERAL_ERRORS: dict[str, tuple[str, object, str]] = {
    "missing Id": ("Events.0.Value.Id", ABSENT, "Events.0.Value: 'Id' is a required property"),
    "Id a number": ("Events.0.Value.Id", 7, 'Events.0.Value.Id: breaks type: "string"'),
    "Id no GUID": ("Events.0.Value.Id", "7", 'Events.0.Value.Id: breaks format: "uuid"'),
    "missing Value": ("Events.0.Value", ABSENT, "Events.0: 'Value' is a required property"),
    "Value null": ("Events.0.Value", None, 'Events.0.Value: breaks type: "object"'),
    "unknown event": ("Events.0.Discriminator", "BillUpdated", "Events.0.Discriminator: breaks"),
    "null event": ("Events.0", None, 'Events.0: breaks type: "object"'),
    "Events null": ("Events", None, 'Events: breaks type: "array"'),
    "no events": ("Events", [], "Events: breaks minItems: 1"),
    "missing Events": ("Events", ABSENT, "body: 'Events' is a required property"),
    "missing IntegrationId": ("IntegrationId", ABSENT, "body: 'IntegrationId' is a required"),
    "removed Entities": ("Entities", [], "body: Additional properties are not allowed"),
    "extra in an event": ("Events.0.Id", "7", "Events.0: Additional properties are not"),
    "extra in a Value": ("Events.0.Value.Name", "A", "Events.0.Value: Additional properties"),
}
CREATED_ERRORS: dict[str, tuple[str, object, str]] = {
    "unknown action": ("Action", "IntegrationRenamed", "body: is none of the documented"),
    "Data of another action": ("Action", "IntegrationEnabled", "Data: Additional properties"),
    "missing Enterprise": ("Data.Enterprise", ABSENT, "Data: 'Enterprise' is a required"),
    "Enterprise without Name": ("Data.Enterprise.Name", ABSENT, "Data.Enterprise: 'Name' is"),
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
WEBSOCKET_ERRORS: dict[str, tuple[str, object, str]] = {
    "unknown type": ("Events.0.Type", "Bill", "Events.0: is none of the documented variants"),
    "state of another type": ("Events.0.State", "Dirty", "Events.0.State: breaks enum"),
    "missing Id": ("Events.2.Id", ABSENT, "Events.2: 'Id' is a required property"),
    "RateId null": ("Events.3.RateId", None, 'Events.3.RateId: breaks type: "string"'),
}


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        pytest.param(kind, *case, id=f"{kind}: {name}")
        for kind, table in (
            ("general", GENERAL_ERRORS),
            ("integration", CREATED_ERRORS),
            ("websocket", WEBSOCKET_ERRORS),
        )
        for name, case in table.items()
    ],
)
def test_one_error_is_rejected(kind: str, path: str, value: object, message: str) -> None:
    """Both validators reject a body with one error, and the message has its path."""
    valid, errors = validate(kind, "2026-04", with_change(documented_example(kind), path, value))
    assert not valid
    assert any(line.startswith(message) for line in errors), errors


@pytest.mark.parametrize("body", [[], None, "text", 7])
@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_is_no_object_is_rejected(kind: str, body: object) -> None:
    """Arrays, null, strings and numbers are rejected without an exception."""
    valid, errors = validate(kind, "2026-04", body)
    assert not valid
    assert errors


def test_the_rotated_key_is_valid_since_its_revision() -> None:
    """IntegrationApiKeyCreated is invalid in 2022-08 and valid in 2026-04."""
    body = {
        "Action": "IntegrationApiKeyCreated",
        "Data": {"Integration": INTEGRATION, "ApiKey": "0"},
    }
    assert validate("integration", "2026-04", body) == (True, [])
    assert validate("integration", "2022-08", body)[0] is False
    assert validation_errors("integration", "2022-08", body) == [
        "body: is none of the documented variants"
    ]


def test_requestor_is_optional_since_its_revision() -> None:
    """Requestor can be null in both profiles, and absent in 2026-04 only."""
    absent = with_change(documented_example("integration"), "Data.Requestor", ABSENT)
    assert validate("integration", "2026-04", absent) == (True, [])
    assert validate("integration", "2022-08", absent) == (
        False,
        ["Data: 'Requestor' is a required property"],
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_service_is_optional(profile: str) -> None:
    """Service can be absent in every profile."""
    absent = with_change(documented_example("integration"), "Data.Service", ABSENT)
    assert validate("integration", profile, absent) == (True, [])


def test_errors_never_show_a_value() -> None:
    """A value can be an access token: errors have only paths and rules."""
    body = with_change(documented_example("integration"), "Data.AccessToken", ["s3cret"])
    errors = validation_errors("integration", "2026-04", body)
    errors += validation_errors("integration", "2026-04", {**body, "Action": "s3cret"})
    assert errors
    assert "s3cret" not in " ".join(errors)


def test_names_of_the_profiles() -> None:
    """Each profile has the discriminators and actions that are documented by then."""
    assert set(discriminators("2026-04")) - set(discriminators("2022-08")) == {"PaymentUpdated"}
    assert set(discriminators("2026-04")) == {
        "ServiceOrderUpdated",
        "ResourceUpdated",
        "MessageAdded",
        "ResourceBlockUpdated",
        "CustomerAdded",
        "CustomerUpdated",
        "PaymentUpdated",
    }
    assert set(discriminators("2026-08")) - set(discriminators("2026-04")) == {
        "ResourceDeleted",
        "ProductUpdated",
        "ProductDeleted",
    }
    assert set(actions("2026-04")) - set(actions("2022-08")) == {"IntegrationApiKeyCreated"}
    assert len(actions("2026-04")) == 7


def test_an_unknown_kind_is_a_harness_error() -> None:
    """Loading a schema that does not exist is an error of the harness."""
    with pytest.raises(HarnessError, match="no schema of kind 'tenant'"):
        load_schema("tenant", "2026-04")


def test_overriding_a_reference_is_a_harness_error() -> None:
    """Keywords beside a reference can add to its target, but not contradict it."""
    resolver = registry().resolver("https://pytest-mews.example/schemas/general.schema.json")
    reference = {"$ref": "common.schema.json#/$defs/id", "type": "integer"}
    with pytest.raises(HarnessError, match="is overridden in type"):
        _resolve_references(reference, resolver)
