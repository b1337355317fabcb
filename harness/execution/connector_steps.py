"""Performs the steps that use the Connector API emulator. Without it they do nothing."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.execution.connectivity import FIRST_CALL_FACTOR, describe_first_request
from pytest_mews.execution.execution import Execution, perform
from pytest_mews.execution.waits import REDELIVERY_FACTOR
from pytest_mews.mews.events import EVENTS
from pytest_mews.model import Delivery, entity_fetches
from pytest_mews.model.fetches import requests_by_interval
from pytest_mews.model.step import (
    AddService,
    AddToPortfolio,
    ChangeEntities,
    ClearApiFaults,
    DeleteEntities,
    FillFirstPages,
    InjectApiFault,
    OutlastIntervals,
    RefuseReplacedKeys,
    SendSteadily,
    ShowConnectivityCheck,
    WaitForNoRequest,
    WaitForRequest,
    WaitUntilFetched,
    WaitUntilIdle,
)

MAX_INTERVAL_S = 120.0  # messages come up to five minutes late, for which no run can wait
INTERVAL_MARGIN_S = 2.0  # both ends of an interval are whole seconds


def _report_wait(execution: Execution, awaited: str, limit_s: float) -> None:
    """Report what a step waits for; the wait for a busy service may take longer."""
    if execution.context.connector_api is not None:
        execution.context.report_wait(f"waiting {awaited}, up to {limit_s:,.0f} s")


@perform.register
def _show_connectivity_check(_: ShowConnectivityCheck, execution: Execution) -> None:
    limit_s = FIRST_CALL_FACTOR * execution.context.fetch_timeout_s
    execution.context.report_wait(describe_first_request(limit_s))
    connectivity = execution.context.connectivity()
    if connectivity is not None:
        execution.calls.show_connectivity(connectivity)
        execution.deliveries += connectivity.deliveries


@perform.register
def _wait_until_fetched(step: WaitUntilFetched, execution: Execution) -> None:
    timeout_s = execution.context.fetch_timeout_s * step.timeout_factor
    if execution.restarted:  # another worker may take the job of the one that ended
        limit_s = max(timeout_s, REDELIVERY_FACTOR * execution.context.fetch_timeout_s)
        acknowledged = "what was acknowledged before the restart"
        _report_wait(execution, f"until {acknowledged} is fetched", limit_s)
    else:
        _report_wait(execution, "until what was acknowledged is fetched", timeout_s)
    if execution.calls.wait_until_fetched(timeout_s, step.of) and step.quiet_s:
        execution.calls.wait_until_quiet(step.quiet_s, timeout_s)


@perform.register
def _send_steadily(step: SendSteadily, execution: Execution) -> None:
    context, calls = execution.context, execution.calls
    if context.connector_api is None or calls.misses_fetch:
        return
    messages = execution.messages[step.message]
    pause_s = context.fetch_timeout_s / len(messages)
    sent: list[Delivery] = []
    is_requested = False
    for message in messages:
        url = context.endpoint.url(message.kind)
        sent.append(context.deliverer.deliver(message, url, label=step.message, attempts=1))
        if is_requested:
            break
        is_requested = calls.comes_to_any(sent, pause_s)
    execution.deliveries += sent


@perform.register
def _wait_for_request(_: WaitForRequest, execution: Execution) -> None:
    timeout_s = execution.context.fetch_timeout_s
    _report_wait(execution, "for a request to the Connector API", timeout_s)
    execution.calls.wait_for_request(timeout_s)


@perform.register
def _wait_for_no_request(step: WaitForNoRequest, execution: Execution) -> None:
    context = execution.context
    if context.connector_api is None:
        return
    likely_s = context.patience.likely_delay_s(context.fetch_timeout_s)
    execution.calls.wait_for_no_request(max(step.seconds, likely_s))


@perform.register
def _wait_until_idle(_: WaitUntilIdle, execution: Execution) -> None:
    timeout_s = execution.context.fetch_timeout_s
    _report_wait(execution, "until the service makes no request", timeout_s)
    execution.calls.wait_until_idle(timeout_s)


@perform.register
def _inject_api_fault(step: InjectApiFault, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    if connector_api is None:
        return
    messages = [message for name in step.of for message in execution.messages[name]]
    ids = frozenset(event.entity_id for message in messages for event in message.events)
    execution.faulted_ids |= ids
    execution.fault_more_than = step.more_than or 0
    handle = connector_api.inject_fault(
        step.fault,
        ids,
        times=step.times,
        more_than=execution.fault_more_than,
        slow_s=step.seconds,
        operation=step.operation,
    )

    def remove_fault() -> None:
        unaffected = connector_api.remove_fault(handle)
        execution.unaffected_ids |= {id_ for id_ in ids if id_.lower() in unaffected}

    execution.api_faults.callback(remove_fault)


@perform.register
def _delete_entities(step: DeleteEntities, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    for name in step.of:
        messages = []
        for message in execution.messages[name]:
            events = [event for event in message.events if step.event in {"", event.discriminator}]
            ids = tuple(event.entity_id for event in events)
            messages.append(replace(message, deleted_ids=ids))
            for event in events:
                kind = EVENTS[event.discriminator].entity
                if connector_api is not None and kind and message.enterprise_id is not None:
                    connector_api.delete_entities(message.enterprise_id, kind, [event.entity_id])
        execution.messages[name] = tuple(messages)


@perform.register
def _change_entities(step: ChangeEntities, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    for message in (message for name in step.of for message in execution.messages[name]):
        if connector_api is not None:
            connector_api.change_entities(message)


@perform.register
def _outlast_intervals(step: OutlastIntervals, execution: Execution) -> None:
    calls = execution.calls.calls(everything=True)
    fetches = entity_fetches([one for one in execution.deliveries if one.label in step.of], calls)
    latest = {
        call.operation: call.interval_s[0]
        for fetch in fetches
        for call in requests_by_interval(fetch, calls)
        if call.interval_s is not None and call.interval_s[0] is not None
    }
    lengths_s = [-begin_s for begin_s in latest.values() if -begin_s <= MAX_INTERVAL_S]
    if lengths_s:
        execution.context.wait(max(lengths_s) + INTERVAL_MARGIN_S)


@perform.register
def _refuse_replaced_keys(step: RefuseReplacedKeys, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    for message in (message for name in step.of for message in execution.messages[name]):
        if connector_api is not None and message.enterprise_id is not None:
            connector_api.refuse_replaced_keys(message.enterprise_id)


@perform.register
def _add_service(step: AddService, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    messages = [message for name in step.of for message in execution.messages[name]]
    for message in messages:
        if connector_api is not None and message.enterprise_id is not None:
            connector_api.add_service(
                message.enterprise_id, [event.entity_id for event in message.events]
            )


@perform.register
def _add_to_portfolio(step: AddToPortfolio, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    chain_id = execution.messages[step.portfolio][0].enterprise_id
    for name in step.of:
        execution.messages[name] = tuple(
            replace(message, portfolio_id=chain_id) for message in execution.messages[name]
        )
        for message in execution.messages[name]:
            if connector_api is not None and message.enterprise_id and chain_id:
                connector_api.add_to_portfolio(chain_id, message.enterprise_id)


@perform.register
def _clear_api_faults(_: ClearApiFaults, execution: Execution) -> None:
    execution.api_faults.close()


@perform.register
def _fill_first_pages(step: FillFirstPages, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    if connector_api is not None:
        messages = [message for name in step.of for message in execution.messages[name]]
        ids = frozenset(event.entity_id for message in messages for event in message.events)
        handle = connector_api.fill_first_pages(ids)
        execution.at_end.callback(connector_api.empty_first_pages, handle)
