"""Replay files have no secrets, are validated, and restore the same bytes."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.errors import UsageError
from pytest_mews.execution import SentMessages
from pytest_mews.model import Message, Replay, Tenant, Tenants, WebhookKind
from pytest_mews.replay import RestoreError, find_files, read_file, restore_messages
from pytest_mews.replay.body_pieces import join_body
from pytest_mews.senders.connector import CONNECTOR

Record = Callable[..., Replay]


@pytest.fixture
def path(record: Record, tmp_path: Path) -> Path:
    """The recorded failure as a file."""
    path = tmp_path / "PROC-20.json"
    path.write_text(record().text)
    return path


def test_messages_are_restored(path: Path, sent_messages: SentMessages) -> None:
    """The restored messages equal those that were sent, including tokens."""
    assert restore_messages(read_file(path), DEFAULT_TENANTS, CONNECTOR) == sent_messages.messages


def test_no_token_is_in_the_file(path: Path, sent_messages: SentMessages) -> None:
    """The file contains neither generated tokens nor those of the tenants."""
    text = path.read_text()
    secrets = [*sent_messages.tokens.values(), DEFAULT_TENANTS.client_token]
    secrets += [tenant.access_token for tenant in DEFAULT_TENANTS.enterprises]
    assert sent_messages.tokens
    for secret in secrets:
        assert secret not in text
    messages = [message for sent in sent_messages.messages.values() for message in sent]
    assert any(b"AccessToken" in message.body for message in messages)


def test_the_file_matches_its_schema(path: Path) -> None:
    """A recorded file is valid under schemas/replay.schema.json."""
    schema = json.loads((files("pytest_mews.schemas") / "replay.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(path.read_text()), schema)


def test_overrides_are_recorded(record: Record) -> None:
    """Overrides of the profile are recorded in the form of --mews-profile-set."""
    text = record(profile_set=["attempts=5", "lag_s=1,2", "timeout_s=2.5"]).text
    conditions = json.loads(text)["conditions"]
    assert set(conditions["profile_overrides"]) == {"attempts=5", "lag_s=1,2", "timeout_s=2.5"}


def test_duplicate_messages_are_recorded_once(record: Record, sent_messages: SentMessages) -> None:
    """A message that is sent twice has one entry and two indexes."""
    ((_, (first, *_)), *_) = sent_messages.messages.items()
    duplicated = replace(sent_messages, messages={"batch": (first, first)})
    data = json.loads(record(sent_messages=duplicated).text)
    assert data["message_indexes"] == {"batch": [0, 0]}
    assert len(data["messages"]) == 1


def test_a_binary_frame_is_restored(record: Record, tmp_path: Path) -> None:
    """A replay of a binary frame sends a binary frame."""
    frame = Message(
        WebhookKind.WEBSOCKET,
        b"\x00\x01",
        (),
        "a binary frame",
        content_type=None,
        enterprise_id=DEFAULT_TENANTS.enterprises[0].id,
        binary=True,
    )
    messages = {"unreadable": (frame,)}
    path = tmp_path / "STR-09.json"
    path.write_text(record(sent_messages=SentMessages(0, messages, {})).text)
    assert restore_messages(read_file(path), DEFAULT_TENANTS, CONNECTOR) == messages


def test_events_that_differ_from_the_body_are_recorded(record: Record, tmp_path: Path) -> None:
    """A message without events is restored without events, whatever its body contains."""
    without_events = Message(
        WebhookKind.GENERAL,
        b'{"Events":[{"Discriminator":"A","Value":{"Id":"1"}}]}',
        (),
        "without events",
    )
    malformed = Message(WebhookKind.GENERAL, b"\xff{", (), "malformed", content_type=None)
    messages = {"message": (without_events, malformed)}
    path = tmp_path / "message.json"
    path.write_text(record(sent_messages=SentMessages(0, messages, {})).text)
    assert restore_messages(read_file(path), DEFAULT_TENANTS, CONNECTOR) == messages


def test_large_cases_are_not_recorded(record: Record) -> None:
    """A case of more than 1 MB has no file, and a reason instead."""
    digits = "".join(f"{number:x}" for number in range(400_000)).encode()
    large = tuple(Message(WebhookKind.GENERAL, digits[number:], (), "") for number in range(2))
    replay = record(sent_messages=SentMessages(0, {"batch": large}, {}))
    assert replay.text == ""
    assert "more than 1,000,000" in replay.problem


@pytest.mark.parametrize("size", [0, 3_000])
def test_cases_that_would_reveal_a_secret_are_not_recorded(record: Record, size: int) -> None:
    """A case with a secret in an unexpected form has no file, even if it is compressed."""
    echo = Message(
        WebhookKind.GENERAL, b'{"note":"for-distinct-token-77:%s"}' % (b"x" * size), (), ""
    )
    replay = record(
        sent_messages=SentMessages(0, {"batch": (echo,)}, {}), token="distinct-token-77"
    )
    assert replay == Replay(
        "", "a body contains a secret in a form that can't be separated from it"
    )


def change(path: Path, **changes: object) -> None:
    """Change top-level keys of the file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def with_first_message(path: Path, **changes: object) -> list[dict[str, Any]]:
    """Return the messages of the file, with changes to the first one."""
    first, *others = json.loads(path.read_text())["messages"]
    return [first | changes, *others]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda path: path.write_text("{"), "is not JSON"),
        (lambda path: path.write_text("7"), "is not a replay file: the file breaks 'type'"),
        (lambda path: change(path, format=2), "has format 2"),
        (lambda path: change(path, execution="x"), "execution breaks 'type'"),
        (lambda path: change(path, unknown=1), "breaks 'additionalProperties'"),
        (lambda path: change(path, message_indexes={"x": [99]}), "messages/99 of message_indexes"),
        (
            lambda path: change(path, messages=with_first_message(path, body=[])),
            "was changed: messages/0",
        ),
        (
            lambda path: change(path, messages=with_first_message(path, body=[{"gzip": "AAAA"}])),
            "was changed: messages/0",
        ),
        (lambda path: path.unlink(), "can't be read"),
    ],
)
def test_a_damaged_file_is_an_error(path: Path, damage: object, problem: str) -> None:
    """The error names the option, the file and the place, but quotes no value."""
    damage(path)  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"--mews-replay: '.*PROC-20\.json'") as error:
        read_file(path)
    assert problem in str(error.value)


OTHER_TENANTS = Tenants("c", (Tenant("9", "9", "t"),))
MORE_TENANTS = Tenants(
    DEFAULT_TENANTS.client_token, (*DEFAULT_TENANTS.enterprises, Tenant("9", "9", "t"))
)


@pytest.mark.parametrize(
    ("tenants", "reason"),
    [(OTHER_TENANTS, "not among the tenants of this run"), (MORE_TENANTS, "other tenants")],
)
def test_other_tenants_cannot_restore(path: Path, tenants: Tenants, reason: str) -> None:
    """A case that was recorded with other tenants can't be restored."""
    with pytest.raises(RestoreError, match=reason):
        restore_messages(read_file(path), tenants, CONNECTOR)


def test_tokens_of_tenants_are_those_of_this_run(
    record: Record, tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    """A tenant's AccessToken comes from this run's tenants; another length is an error."""
    tenant = DEFAULT_TENANTS.enterprises[0]
    body = f'{{"AccessToken":"{tenant.access_token}"}}'.encode()
    message = Message(WebhookKind.INTEGRATION, body, (), "")
    path = tmp_path / "x.json"
    path.write_text(record(sent_messages=SentMessages(0, {"m": (message,)}, {})).text)
    assert tenant.access_token not in path.read_text()
    assert restore_messages(read_file(path), DEFAULT_TENANTS, CONNECTOR) == {"m": (message,)}
    other = Tenants("", (replace(tenant, access_token="another"), DEFAULT_TENANTS.enterprises[1]))
    with pytest.raises(RestoreError, match="access token of --mews-tenants has changed"):
        restore_messages(read_file(path), other, CONNECTOR)


def test_an_unknown_secret_cannot_be_restored(path: Path) -> None:
    """The error names the secret of an unknown enterprise."""
    text = path.read_text().replace('"generated token new"', '"AccessToken of 9"')
    data = json.loads(text)
    case = read_file(path)
    changed = tuple(
        replace(message, body=tuple(changed_message["body"]))
        for message, changed_message in zip(case.messages, data["messages"], strict=True)
    )
    with pytest.raises(RestoreError, match="AccessToken of 9"):
        restore_messages(replace(case, messages=changed), DEFAULT_TENANTS, CONNECTOR)


def test_files_are_found_by_path_folder_and_id(path: Path, tmp_path: Path) -> None:
    """An id means the file in the report's folder, a folder all of its files; each file once."""
    replays = tmp_path / "report" / "replays"
    replays.mkdir(parents=True)
    for name in ("RET-02", "AUTH-01"):
        (replays / f"{name}.json").write_text("{}")
    values = [str(path), "RET-02", str(replays), str(path)]
    names = [file.name for file in find_files(values, tmp_path / "report")]
    assert names == ["PROC-20.json", "RET-02.json", "AUTH-01.json"]


@pytest.mark.parametrize("name", ["RET-03", "", "../PROC-20", "no/such.json"])
def test_a_missing_file_is_an_error(path: Path, tmp_path: Path, name: str) -> None:
    """The error lists the ids that have a replay file."""
    replays = tmp_path / "report" / "replays"
    replays.mkdir(parents=True)
    (replays / "RET-02.json").write_text("{}")
    with pytest.raises(UsageError, match=r"Replay files in .*: RET-02"):
        find_files([name or "x"], tmp_path / "report")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A folder without replay files is an error, and so is a report without any."""
    with pytest.raises(UsageError, match="without replay files"):
        find_files([str(tmp_path)], tmp_path)
    with pytest.raises(UsageError, match="There are none in"):
        find_files(["RET-02"], tmp_path)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_nesting_is_a_usage_error(path: Path, depth: int) -> None:
    """Neither the JSON parser nor the schema's validator ends with a RecursionError."""
    deep = "[" * depth + "]" * depth
    for text in (deep, path.read_text().replace('"format": 1', f'"format": {deep}', 1)):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"nested too deeply|is not a replay file|has format"):
            read_file(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("time_scale", 1e300), ("fetch_timeout_s", 1e300), ("peak_rate", 1e300)],
)
def test_absurd_numbers_are_refused(path: Path, name: str, value: float) -> None:
    """A replay does not wait for ever."""
    data = json.loads(path.read_text())
    data["conditions"][name] = value
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError, match=f"conditions/{name} breaks 'maximum'"):
        read_file(path)


def test_an_id_that_is_a_path_is_refused(path: Path) -> None:
    """The id becomes the name of a file."""
    data = json.loads(path.read_text()) | {"scenario": "../../escaped/REC-01"}
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError, match="scenario breaks 'pattern'"):
        read_file(path)


def test_a_small_file_does_not_fill_the_memory() -> None:
    """A compressed piece is decompressed up to a limit."""
    bomb = base64.b64encode(gzip.compress(bytes(65 * 1024 * 1024))).decode()
    with pytest.raises(ValueError, match="too large"):
        join_body([{"gzip": bomb}], {})
