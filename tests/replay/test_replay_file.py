"""Replay files: written without secrets, read with care, restored to the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT
from pytest_mews.errors import UsageError
from pytest_mews.execution import SentMessages
from pytest_mews.model import Message, Replay, Tenant, Tenants, WebhookKind
from pytest_mews.replay import RestoreError, find, parse, restore

Keep = Callable[..., Replay]


@pytest.fixture
def path(keep: Keep, tmp_path: Path) -> Path:
    """That failure as a file."""
    path = tmp_path / "PROC-20.json"
    path.write_text(keep().text)
    return path


def test_the_very_bytes_come_back(path: Path, script: SentMessages) -> None:
    """Bodies, kinds, events and draws are those that were sent, tokens included."""
    assert restore(parse(path), DEFAULT) == script.messages


def test_no_token_is_in_the_file(path: Path, script: SentMessages) -> None:
    """Neither a token that was made up for the play nor one of the tenants stands in it."""
    text = path.read_text()
    secrets = [*script.tokens.values(), DEFAULT.client_token]
    secrets += [each.access_token for each in DEFAULT.enterprises]
    assert script.tokens
    for secret in secrets:
        assert secret not in text
    assert any(b"AccessToken" in each.body for drawn in script.messages.values() for each in drawn)


def test_the_file_keeps_its_schema(path: Path) -> None:
    """What is written is what schemas/replay.schema.json describes."""
    schema = json.loads((files("pytest_mews.schemas") / "replay.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(path.read_text()), schema)


def test_overrides_are_kept_as_typed(keep: Keep) -> None:
    """The profile's overrides can be applied again."""
    text = keep(profile_set=["attempts=5", "lag_s=1,2", "timeout_s=2.5"]).text
    kept = json.loads(text)["conditions"]
    assert set(kept["settings"]) == {"attempts=5", "lag_s=1,2", "timeout_s=2.5"}


def test_messages_sent_twice_are_kept_once(keep: Keep, script: SentMessages) -> None:
    """Copies share one entry."""
    ((_, (first, *_)), *_) = script.messages.items()
    twice = replace(script, messages={"batch": (first, first)})
    data = json.loads(keep(script=twice).text)
    assert data["draws"] == {"batch": [0, 0]}
    assert len(data["messages"]) == 1


def test_events_that_the_body_does_not_name_are_kept(keep: Keep, tmp_path: Path) -> None:
    """A message that can't be read on purpose is about nothing, and stays so."""
    odd = Message(
        WebhookKind.GENERAL, b'{"Events":[{"Discriminator":"A","Value":{"Id":"1"}}]}', (), "odd"
    )
    broken = Message(WebhookKind.GENERAL, b"\xff{", (), "broken", content_type=None)
    path = tmp_path / "odd.json"
    path.write_text(keep(script=SentMessages(0, {"odd": (odd, broken)}, {})).text)
    assert restore(parse(path), DEFAULT) == {"odd": (odd, broken)}


def test_what_is_too_large_is_not_kept(keep: Keep) -> None:
    """Beyond 1 MB the file is left out, with the reason."""
    noise = "".join(f"{number:x}" for number in range(400_000)).encode()
    large = tuple(Message(WebhookKind.GENERAL, noise[number:], (), "") for number in range(2))
    kept = keep(script=SentMessages(0, {"batch": large}, {}))
    assert kept.text == ""
    assert "more than 1,000,000" in kept.problem


@pytest.mark.parametrize("size", [0, 3_000])
def test_what_would_show_a_secret_is_not_kept(keep: Keep, size: int) -> None:
    """A secret in an unforeseen form keeps the file from being written, also where it is packed."""
    echo = Message(
        WebhookKind.GENERAL, b'{"note":"for-distinct-token-77:%s"}' % (b"x" * size), (), ""
    )
    kept = keep(script=SentMessages(0, {"batch": (echo,)}, {}), token="distinct-token-77")
    assert kept == Replay("", "a secret stands in it in a form that can't be taken out")


def change(path: Path, **changes: object) -> None:
    """Change the file's top level."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def message(path: Path, **changes: object) -> list[dict[str, Any]]:
    """Give the file's messages, the first one changed."""
    first, *others = json.loads(path.read_text())["messages"]
    return [first | changes, *others]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("{"), "is no JSON"),
        (lambda path: path.write_text("7"), "is no replay file: the file breaks 'type'"),
        (lambda path: change(path, format=2), "has format 2"),
        (lambda path: change(path, play="x"), "play breaks 'type'"),
        (lambda path: change(path, lunch=1), "breaks 'additionalProperties'"),
        (lambda path: change(path, draws={"x": [99]}), "draws name messages/99"),
        (lambda path: change(path, messages=message(path, body=[])), "was changed: messages/0"),
        (
            lambda path: change(path, messages=message(path, body=[{"gzip": "AAAA"}])),
            "was changed: messages/0",
        ),
        (lambda path: path.unlink(), "can't be read"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(path: Path, spoil: object, said: str) -> None:
    """The message names the option, the file and the place; no value is quoted."""
    spoil(path)  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"--mews-replay: '.*PROC-20\.json'") as mistake:
        parse(path)
    assert said in str(mistake.value)


OTHERS = Tenants("c", (Tenant("9", "9", "t"),))
MORE = Tenants(DEFAULT.client_token, (*DEFAULT.enterprises, Tenant("9", "9", "t")))


@pytest.mark.parametrize(
    ("tenants", "said"), [(OTHERS, "not among the present"), (MORE, "other tenants")]
)
def test_other_tenants_cannot_restore(path: Path, tenants: Tenants, said: str) -> None:
    """Bytes of enterprises that are not played are not sent."""
    with pytest.raises(RestoreError, match=said):
        restore(parse(path), tenants)


def test_a_tenants_token_is_the_present_one(
    keep: Keep, tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    """An AccessToken of the tenants file is put in from there; one of another length is noticed."""
    tenant = DEFAULT.enterprises[0]
    body = f'{{"AccessToken":"{tenant.access_token}"}}'.encode()
    sent = Message(WebhookKind.INTEGRATION, body, (), "")
    path = tmp_path / "x.json"
    path.write_text(keep(script=SentMessages(0, {"m": (sent,)}, {})).text)
    assert tenant.access_token not in path.read_text()
    assert restore(parse(path), DEFAULT) == {"m": (sent,)}
    other = Tenants("", (replace(tenant, access_token="another"), DEFAULT.enterprises[1]))
    with pytest.raises(RestoreError, match="access token of --mews-tenants has changed"):
        restore(parse(path), other)


def test_a_name_that_means_nothing_cannot_be_restored(path: Path) -> None:
    """A secret of an enterprise that nobody plays is named."""
    text = path.read_text().replace('"minted new"', '"AccessToken of 9"')
    data = json.loads(text)
    kept = replace(parse(path))
    changed = tuple(
        replace(each, body=tuple(raw["body"]))
        for each, raw in zip(kept.messages, data["messages"], strict=True)
    )
    with pytest.raises(RestoreError, match="AccessToken of 9"):
        restore(replace(kept, messages=changed), DEFAULT)


def test_files_are_found_by_path_folder_and_id(path: Path, tmp_path: Path) -> None:
    """An id means the file in the report's folder; a folder all of its files; none twice."""
    inside = tmp_path / "report" / "replays"
    inside.mkdir(parents=True)
    for name in ("RET-02", "AUTH-01"):
        (inside / f"{name}.json").write_text("{}")
    asked = [str(path), "RET-02", str(inside), str(path)]
    found = [each.name for each in find(asked, tmp_path / "report")]
    assert found == ["PROC-20.json", "RET-02.json", "AUTH-01.json"]


@pytest.mark.parametrize("name", ["RET-03", "", "../PROC-20", "no/such.json"])
def test_what_is_not_there_is_a_mistake(path: Path, tmp_path: Path, name: str) -> None:
    """The message lists the ids that there are."""
    inside = tmp_path / "report" / "replays"
    inside.mkdir(parents=True)
    (inside / "RET-02.json").write_text("{}")
    with pytest.raises(UsageError, match=r"there are: RET-02"):
        find([name or "x"], tmp_path / "report")


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    """A folder without files replays nothing, which nobody means."""
    with pytest.raises(UsageError, match="without replay files"):
        find([str(tmp_path)], tmp_path)
    with pytest.raises(UsageError, match="There is none in"):
        find(["RET-02"], tmp_path)
