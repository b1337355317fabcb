"""The JSON of results and run events: of events.ndjson, and between the processes of a run.

The keys are a published format (schemas/events.schema.json, docs/replay.md), apart from the names
of classes and fields: `KEYS` connects the two. To rename a field, change its name there and leave
its key. A new field needs a key and a default, with which files without it are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cattrs import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.json import JsonConverter, make_converter

from pytest_mews.model import (
    ApiCall,
    ApiUsage,
    Attempt,
    AttemptRecord,
    Basis,
    BlockedBy,
    Cause,
    Certificate,
    Comparison,
    Connection,
    Death,
    Delivery,
    ErrorCounts,
    EventReference,
    Evidence,
    Exchange,
    Fact,
    FetchRecord,
    Finding,
    Level,
    Limits,
    Message,
    OperationUsage,
    Parameter,
    Ping,
    Profile,
    RateLimitUsage,
    Replay,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    Scenario,
    ScenarioChange,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    SentMessage,
    Source,
    Stage,
    StageSummary,
    Tenant,
    Tenants,
    TlsHandshake,
    Transcript,
    Waiver,
    WaiverUse,
    WebSocketHandshake,
)
from pytest_mews.model.scenario import Requirement

OMITTED = "-"
# Each field of a class, with its key where that is another word. The events that refer to results
# or scenarios have them beside the run, so a run has none; a scenario has what reports show.
KEYS: Mapping[type, str] = {
    RunStarted: "run stages scenarios selected_ids=selected",
    ScenarioStarted: "scenario_id=scenario",
    ScenarioEnded: "result notes",
    RunEnded: "run",
    Run: """
        version started_utc duration_s target integration_target command profile time_scale seed
        strict events tenants readiness stages results=- notes interrupted report_folder waivers
        comparison rate_limit_usage causes about selection api_usage listed_operations
        """,
    Profile: "name title parameters",
    Parameter: "name value origin source note",
    Tenants: "client_token enterprises",
    Tenant: "id integration_id access_token",
    StageSummary: "stage readiness counts how_to_observe",
    WaiverUse: "waiver state verdict",
    Waiver: "scenario_id=scenario reason owner expires",
    Comparison: "name started_utc version remarks changes new_failures_only",
    ScenarioChange: "scenario_id=scenario title change before after precondition",
    RateLimitUsage: "enterprise_id requests peak",
    ApiUsage: "operations clients other_clients peak",
    OperationUsage: """
        operation is_documented=documented requests succeeded by_ids unfiltered next_pages
        next_pages_offered filters extents several_extents problems errors provoked_errors
        """,
    ErrorCounts: "statuses resolved unresolved",
    Scenario: """
        id title level stage basis facts why remedy precondition message_specs=- steps=-
        expectations=- applies=- requires exclusive=- concurrent_cases=- max_cases=-
        """,
    Fact: "id text basis stage source untested=-",
    Source: "page anchor revision",
    ScenarioResult: """
        scenario verdict reason remarks missing duration_s case_count=cases failing_cases
        message_count=messages evidence attempts fetches blocked_by death waiver
        verdict_without_waiver reason_expected replay service_log instance
        """,
    AttemptRecord: """
        event_count=events size_bytes=size answer_ms status outcome label description kind validity
        event_types enterprise_id repeated changes transfer_mode=transfer fault request_number
        started_ms ended_ms is_html page_title is_utf8 has_retry_after weight
        """,
    FetchRecord: """
        discriminator=type enterprise_id is_first fault requested fetched token_owner count
        follows_unknown refusal event_count=events requested_again repeated_bytes
        repeated_in_flight by_interval outside_interval last_action token_owner_action
        """,
    BlockedBy: "requirement scenario_id=scenario remedy",
    Cause: "kind summary remedy level explains shown_by",
    Replay: "text problem",
    Death: """
        scenario_id=scenario message status waited_s returned suspects other_messages validity
        is_restart
        """,
    Evidence: "role case findings transcript",
    Finding: """
        check level met expected observed subject_count=subjects broken_attempts remedy of
        not_observed=- about_fetches
        """,
    Transcript: """
        deliveries omitted_deliveries=deliveries_left_out tls_handshakes limits calls
        websocket_handshakes connections not_sent undeliverable api_served faulted_ids=-
        unaffected_ids=- fault_more_than=- still_busy=- never_idle=- commands_requested=-
        not_restarted=- refused_action=- client_restarts
        """,
    Limits: "answer_timeout_s=timeout_s batch_limit",
    Delivery: "label message attempts visible_from_ms",
    Message: """
        kind body events description content_type enterprise_id duplicate binary token_variant
        validity deleted_ids portfolio_id
        """,
    EventReference: "discriminator=type entity_id state",
    Attempt: """
        number fault transfer_mode=transfer scheduled_ms outcome detail exchanges has_credentials
        wrong_credentials
        """,
    Exchange: """
        method url request_headers request_size outcome started_ms connected_ms sent_ms
        first_byte_ms ended_ms status response_headers response_body response_size http_version
        detail request_number certificate tls_problem shows_secret
        """,
    Certificate: "subject issuer not_after_utc names",
    TlsHandshake: """
        origin checked_utc version certificate chain_problem host_problem deprecated_versions
        untested_versions detail
        """,
    ApiCall: """
        number path operation received_ms answered_ms status enterprise_id token_state=token client
        requested_ids returned_ids request_problems message fault retry_after_s cursor is_next_page
        state filters extents interval_s
        """,
    WebSocketHandshake: "number at_ms path status enterprise_id problems tokens_in_query",
    Connection: """
        number enterprise_id opened_ms disconnect disconnect_ms closed_ms close_code received_count
        sent pings
        """,
    SentMessage: """
        label enterprise_id description size events at_ms done_ms visible_from_ms
        """,
    Ping: "at_ms pong_ms events_before timeout_s",
}
EVENT_TYPES: Mapping[str, type[RunEvent]] = {
    "run-started": RunStarted,
    "scenario-started": ScenarioStarted,
    "scenario-ended": ScenarioEnded,
    "run-ended": RunEnded,
}
_EVENT_NAMES = {event_type: name for name, event_type in EVENT_TYPES.items()}


@cache
def keys_of(type_: type) -> Mapping[str, str]:
    """Return the key of each field of a class; `OMITTED` for a field that the format leaves out."""
    words = (word.partition("=") for word in KEYS[type_].split())
    return {field: key or field for field, _, key in words}


def _overrides(type_: type) -> dict[str, Any]:
    return {
        field: override(omit=True) if key == OMITTED else override(rename=key)
        for field, key in keys_of(type_).items()
    }


def _converter() -> JsonConverter:
    converter = make_converter()
    # An int stays an int, so that what is read equals what was written.
    converter.register_structure_hook(
        float, lambda value, _: value if isinstance(value, int) else float(value)
    )
    converter.register_unstructure_hook_factory(
        lambda type_: type_ in KEYS,
        lambda type_: make_dict_unstructure_fn(type_, converter, **_overrides(type_)),
    )
    converter.register_structure_hook_factory(
        lambda type_: type_ in KEYS,
        lambda type_: make_dict_structure_fn(type_, converter, **_overrides(type_)),
    )
    return converter


@cache
def _full_converter() -> JsonConverter:
    """Return a converter for the first event, which has the scenarios themselves."""
    converter = _converter()

    def read_scenario(data: Mapping[str, Any], _: type) -> Scenario:
        return Scenario(
            id=data["id"],
            title=data["title"],
            level=Level(data["level"]),
            stage=Stage(data["stage"]),
            basis=Basis(data["basis"]),
            facts=converter.structure(data["facts"], tuple[Fact, ...]),
            why=data["why"],
            remedy=data["remedy"],
            message_specs=(),
            steps=(),
            expectations=(),
            requires=tuple(map(Requirement, data.get("requires", ()))),
            precondition=data.get("precondition", False),
        )

    converter.register_structure_hook(Scenario, read_scenario)
    return converter


def _id_converter(scenarios: Mapping[str, Scenario]) -> JsonConverter:
    """Return a converter that has only the id of a scenario, and finds it by its id."""
    converter = _converter()
    converter.register_unstructure_hook(Scenario, lambda scenario: scenario.id)
    converter.register_structure_hook(Scenario, lambda name, _: scenarios[name])
    return converter


_writer = cache(lambda: _id_converter({}))


def result_to_json(result: ScenarioResult) -> str:
    """Write a result as JSON, with the id of its scenario."""
    return _writer().dumps(result)


def usage_to_json(usage: ApiUsage) -> str:
    """Write the usage of the API as JSON."""
    return _writer().dumps(usage)


def usage_from_json(text: str) -> ApiUsage:
    """Read a usage that `usage_to_json` wrote."""
    return _writer().loads(text, ApiUsage)


def result_to_dict(result: ScenarioResult) -> dict[str, Any]:
    """Convert a result to a dictionary for `json.dumps`, with the id of its scenario."""
    data: dict[str, Any] = _writer().unstructure(result)
    return data


class Reader:
    """Reads what this module wrote.

    Args:
        scenarios: all scenarios by id.

    """

    def __init__(self, scenarios: Mapping[str, Scenario]) -> None:
        self._converter = _id_converter(scenarios)

    def result_from_json(self, text: str) -> ScenarioResult:
        """Read a result that `result_to_json` wrote."""
        return self._converter.loads(text, ScenarioResult)

    def result_from_dict(self, data: Mapping[str, Any]) -> ScenarioResult:
        """Read a result that `result_to_dict` wrote.

        Raises:
            ValueError: the data is not a result of this version.

        """
        try:
            return self._converter.structure(data, ScenarioResult)
        except BaseValidationError as error:
            raise ValueError("this version can't read a result") from error

    def event_from_dict(self, data: Mapping[str, Any]) -> RunEvent:
        """Read an event that `event_to_dict` wrote; `RunStarted` brings its own scenarios.

        Raises:
            ValueError: the data is not an event of this version.

        """
        event_type = EVENT_TYPES.get(str(data.get("event")))
        if event_type is None:
            raise ValueError("the name of the event is unknown to this version")
        converter = _full_converter() if event_type is RunStarted else self._converter
        try:
            event: RunEvent = converter.structure(data, event_type)
        except BaseValidationError as error:
            raise ValueError(f"this version can't read the {data['event']} event") from error
        return event


def event_to_dict(event: RunEvent) -> dict[str, Any]:
    """Convert an event to a dictionary for `json.dumps`, with its name under `event`.

    The first event has the scenarios; the others have only their ids. No run has its results.
    """
    converter = _full_converter() if isinstance(event, RunStarted) else _writer()
    return {"event": _EVENT_NAMES[type(event)], **converter.unstructure(event)}


def to_json_line(data: Mapping[str, Any]) -> str:
    """Write a dictionary as one line; ASCII, so that control characters stay escaped."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))
