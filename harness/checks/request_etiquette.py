"""Checks of how the partner calls the Connector API: form, tokens, and pauses after a 429."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_mews.checks.check import case_check
from pytest_mews.checks.intervals import MIN_PAUSES, format_pauses, pauses_grow
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import how_often, join_clauses, quantity
from pytest_mews.model import ApiCall, RequestProblem, TokenState, Transcript, event_traces
from pytest_mews.model.api_call import REQUEST_PROBLEMS
from pytest_mews.model.key_rotation import calls_after_rotation

IMMEDIATE_MS = 50.0  # a retry within this time made no pause
TOLERANCE_MS = 50.0  # for clocks and rounding: Retry-After is in whole seconds
# A worker that polls every few seconds rounds shorter pauses up to its own interval.
WORKER_INTERVAL_MS = 1_900.0
TOO_MANY_REQUESTS = 429
FINAL_STATUSES = frozenset({400, 403, 413})  # the same request gets the same answer
MAX_REPETITIONS = 2  # of a rejected request, which are tolerated

FORM_PROBLEMS = frozenset(
    {
        RequestProblem.NOT_POST,
        RequestProblem.WRONG_PATH,
        RequestProblem.PATH_SPELLING,
        RequestProblem.CONTENT_TYPE,
        RequestProblem.NOT_JSON,
        RequestProblem.NO_CLIENT_TOKEN,
        RequestProblem.WRONG_CLIENT_TOKEN,
        RequestProblem.NO_ACCESS_TOKEN,
        RequestProblem.WRONG_ACCESS_TOKEN,
        RequestProblem.INVALID_BODY,
    }
)
CLIENT_PROBLEMS = frozenset({RequestProblem.NO_CLIENT, RequestProblem.CLIENT_WITHOUT_VERSION})
DEPRECATION_PROBLEMS = frozenset(
    {RequestProblem.DEPRECATED_OPERATION, RequestProblem.DEPRECATED_EXTENT}
)
_DEPRECATION_REMEDIES = {
    RequestProblem.DEPRECATED_OPERATION: "Call the operation that the page of the deprecated one "
    "names instead.",
    RequestProblem.DEPRECATED_EXTENT: "Leave out the deprecated properties of `Extent`, and "
    "`Extent` itself where the operation's page calls it deprecated.",
}


@case_check("well-formed-requests", "requests of the documented form")
def well_formed_requests(transcript: Transcript) -> Observation:
    """Every request had the exact path, the content type, the tokens and a valid body.

    The body of a request for a documented operation that the emulator does not serve is not
    evaluated.
    """
    observation = _without_problems(transcript.calls, FORM_PROBLEMS)
    if not observation.met:
        return observation
    observed = join_clauses((observation.observed, _describe_not_served(transcript.calls)))
    return replace(observation, observed=observed)


@case_check("client-name-and-version", "a Client property with the application's name and version")
def client_name_and_version(transcript: Transcript) -> Observation:
    """Every request named the application and its version in `Client`."""
    return _without_problems(transcript.calls, CLIENT_PROBLEMS)


@case_check("no-deprecated-api", "no deprecated operation or extent")
def no_deprecated_api(transcript: Transcript) -> Observation:
    """No request used a deprecated operation or asked for a deprecated extent."""
    observation = _without_problems(transcript.calls, DEPRECATION_PROBLEMS)
    found = {problem for call in transcript.calls for problem in call.request_problems}
    remedies = (text for problem, text in _DEPRECATION_REMEDIES.items() if problem in found)
    return replace(observation, remedy=" ".join(remedies))


@case_check("own-access-token", "each enterprise's AccessToken for its own entities only")
def own_access_token(transcript: Transcript) -> Observation:
    """Entities of webhooks, and commands, were requested with their own enterprise's AccessToken.

    Commands count only if those of several enterprises were sent, and if the Connector API
    emulator ran.
    """
    owners = _webhook_owners(transcript)
    command_owners = _websocket_owners(transcript)
    if not owners and command_owners and not transcript.api_served:
        observed = "without --mews-api, requests are not observed"
        return Observation(met=True, observed=observed, subject_count=0)
    if len(set(command_owners.values())) > 1:
        owners = {**command_owners, **owners}
    elif command_owners and not owners:
        observed = "clients of only one enterprise are connected"
        return Observation(met=True, observed=observed, subject_count=0)
    calls = [call for call in transcript.calls if not owners.keys().isdisjoint(call.requested_ids)]
    wrong = [(call, entity_id) for call in calls for entity_id in _foreign_ids(call, owners)[:1]]
    if not wrong:
        enterprises = {call.enterprise_id for call in calls}
        observed = (
            f"{_requests(len(calls))} for {quantity(len(enterprises), 'enterprise')}, each with "
            "the AccessToken of its own"
        )
        return Observation(met=True, observed=observed, subject_count=len(calls))
    first, entity_id = wrong[0]
    owner = "an AccessToken of no enterprise"
    if first.enterprise_id is not None:
        owner = f"the AccessToken of {first.enterprise_id}"
    observed = (
        f"{first.operation} requested {entity_id} of {owners[entity_id]} with {owner}; "
        f"{len(wrong)} of {_requests(len(calls))} for another enterprise's entities"
    )
    return Observation(met=False, observed=observed, subject_count=len(calls))


@case_check("rejected-not-repeated", "no endless repetition of a request that was rejected")
def rejected_not_repeated(transcript: Transcript) -> Observation:
    """No request by id that was answered with 400, 403 or 413 was sent again more than twice.

    Such an answer is the same next time. A request for other ids is another request, for example
    for a part of them.
    """
    counts = Counter(
        (call.operation, call.enterprise_id, call.requested_ids, call.status)
        for call in transcript.calls
        if call.status in FINAL_STATUSES and call.requested_ids
    )
    if not counts:
        return Observation(met=True, observed="no request by id was rejected", subject_count=0)
    (operation, _, _, status), most = counts.most_common(1)[0]
    met = most <= MAX_REPETITIONS + 1
    observed = f"{operation} was answered with {status} and sent {how_often(most)}"
    if not met:
        observed += f" unchanged; {_requests(len(counts))} rejected"
    return Observation(met=met, observed=observed, subject_count=len(counts))


@case_check("rotated-key-used", "the new key, and no longer the old one")
def rotated_key_used(transcript: Transcript) -> Observation:
    """No request after the new key arrived used an older one.

    Requests that were under way may end with the old key: if a message follows the new key, only
    requests after that message count.
    """
    calls = calls_after_rotation(transcript)
    if calls is None:
        return Observation(met=True, observed="no new key was acknowledged", subject_count=0)
    outdated = [call for call in calls if call.token_state is TokenState.REPLACED]
    if not calls:
        observed = "no request after the new key"
        return Observation(met=True, observed=observed, subject_count=0)
    observed = f"{len(outdated)} of {_requests(len(calls))} after the new key used an older one"
    return Observation(met=not outdated, observed=observed, subject_count=len(calls))


@case_check("honours-retry-after", "no retry after a 429 before its Retry-After is over")
def honours_retry_after(transcript: Transcript) -> Observation:
    """No request that was answered with 429 was repeated before its Retry-After was over.

    The time counts from the arrival of the refused request. Its response is recorded a little
    later than the partner has it.
    """
    early, retry_count = [], 0
    for refused, retry in _retries(transcript.calls):
        if refused.retry_after_s is None:
            continue
        retry_count += 1
        waited_ms = retry.received_ms - refused.received_ms
        if waited_ms < refused.retry_after_s * 1000 - TOLERANCE_MS:
            early.append((waited_ms, refused.retry_after_s))
    retries = quantity(retry_count, "retry", "retries")
    if not retry_count:
        observed = "no request was repeated after a 429 with Retry-After"
        return Observation(met=True, observed=observed, subject_count=0)
    if not early:
        observed = f"{retries}, none before its time"
        return Observation(met=True, observed=observed, subject_count=retry_count)
    waited_ms, retry_after_s = early[0]
    observed = (
        f"a retry came {waited_ms:,.0f} ms after a request that was answered with 429 and "
        f"Retry-After: {retry_after_s:g}; {len(early)} of {retries} too early"
    )
    return Observation(met=False, observed=observed, subject_count=retry_count)


@case_check("no-immediate-retry", "pauses before retries after a 429")
def no_immediate_retry(transcript: Transcript) -> Observation:
    """At most half of the retries of a request that was answered with 429 came at once.

    A single one may come at once by chance, or as the first of growing pauses.
    """
    pauses = _pauses(transcript.calls)
    if not pauses:
        return Observation(met=True, observed="no request was retried", subject_count=0)
    immediate = sum(pause < IMMEDIATE_MS for pause in pauses)
    met = immediate * 2 <= len(pauses)
    figures = f"{quantity(len(pauses), 'retry', 'retries')}, shortest pause {min(pauses):,.0f} ms"
    if immediate:
        figures += f", {immediate} within {IMMEDIATE_MS:.0f} ms"
    observed = join_clauses(("" if met else "most retries after a 429 come at once", figures))
    return Observation(met=met, observed=observed, subject_count=len(pauses))


@case_check("exponential-backoff", "growing pauses instead of a fixed one")
def exponential_backoff(transcript: Transcript) -> Observation:
    """The pauses before the retries of a request are not all about equally long.

    Four or more that are shorter each time, down to a quarter, do not grow either. Pauses of at
    least two seconds that do not grow may be the interval of a worker, to which the first growing
    pauses are rounded up: then the check evaluates nothing.
    """
    pauses = _pauses(transcript.calls)
    figures = f"pauses of {format_pauses(pauses)}" if pauses else "no retry"
    if len(pauses) < MIN_PAUSES:
        observed = f"{figures}: too few to see growth"
        return Observation(met=True, observed=observed, subject_count=0)
    grow = pauses_grow(pauses)
    if not grow and min(pauses) >= WORKER_INTERVAL_MS:
        observed = f"{figures}: too long to see growth"
        return Observation(met=True, observed=observed, subject_count=0)
    observed = figures if grow else f"the pauses before retries do not grow: {figures}"
    return Observation(met=grow, observed=observed, subject_count=len(pauses))


def _webhook_owners(transcript: Transcript) -> dict[str, str]:
    """Return the enterprise of each entity that a webhook is about."""
    return {
        event.entity_id: owner
        for delivery in transcript.deliveries
        for event in delivery.message.events
        if (owner := delivery.message.token_owner) is not None
    }


def _websocket_owners(transcript: Transcript) -> dict[str, str]:
    """Return the enterprise of each entity that a WebSocket message was about."""
    delivered = replace(transcript, undeliverable=())
    traces = event_traces(delivered.websocket_messages, transcript.calls)
    return {trace.entity_id: trace.enterprise_id for trace in traces}


def _foreign_ids(call: ApiCall, owners: Mapping[str, str]) -> list[str]:
    """Return the ids that a call requested with the AccessToken of another enterprise."""
    return [
        entity_id
        for entity_id in call.requested_ids
        if owners.get(entity_id, call.enterprise_id) != call.enterprise_id
    ]


def _without_problems(calls: Sequence[ApiCall], problems: frozenset[RequestProblem]) -> Observation:
    wrong = [call for call in calls if problems & set(call.request_problems)]
    if not wrong:
        return Observation(met=True, observed=_requests(len(calls)), subject_count=len(calls))
    counts = Counter(
        problem for call in wrong for problem in call.request_problems if problem in problems
    )
    (worst, _), *_ = counts.most_common(1)
    first = next(call for call in wrong if worst in call.request_problems)
    # A message says why the emulator refused the request; it accepts any Client.
    detail = first.message.rstrip(".") if problems is FORM_PROBLEMS else ""
    if worst is RequestProblem.DEPRECATED_EXTENT:
        detail = f"Extent has {', '.join(first.extents)}"
    detail = f" ({detail})" if detail else ""
    observed = (
        f"{first.path}: {REQUEST_PROBLEMS[worst]}{detail}; {len(wrong)} of {_requests(len(calls))}"
    )
    return Observation(met=False, observed=observed, subject_count=len(calls))


def _describe_not_served(calls: Sequence[ApiCall]) -> str:
    """Return which documented operations were requested that the emulator does not serve."""
    names = sorted({call.operation for call in calls if call.operation and not call.is_served})
    return f"not served here, not judged: {', '.join(names)}" if names else ""


def _retries(calls: Sequence[ApiCall]) -> Iterable[tuple[ApiCall, ApiCall]]:
    """Yield each request that was answered with 429, together with its retry.

    The retry is the next later call that `_is_same_request`. Each call is the retry of one request
    only: if two workers are refused at once, each retries.
    """
    used: set[int] = set()
    for index, call in enumerate(calls):
        if call.status != TOO_MANY_REQUESTS or call.answered_ms is None:
            continue
        for retry_index, retry in enumerate(calls[index + 1 :], index + 1):
            later = retry.received_ms >= call.answered_ms
            if later and retry_index not in used and _is_same_request(call, retry):
                used.add(retry_index)
                yield call, retry
                break


def _pauses(calls: Sequence[ApiCall]) -> list[float]:
    """Return the pauses in ms before the retries of the request that was refused most often."""
    chains: dict[int, list[float]] = {}  # by the number of the last request of each
    for refused, retry in _retries(calls):
        pause = retry.received_ms - (refused.answered_ms or refused.received_ms)
        chains[retry.number] = [*chains.pop(refused.number, ()), pause]
    return max(chains.values(), key=len, default=[])


def _is_same_request(call: ApiCall, other: ApiCall) -> bool:
    """Return whether two calls request the same: any id in common, or no ids in either."""
    if (call.operation, call.enterprise_id) != (other.operation, other.enterprise_id):
        return False
    if not call.requested_ids:
        return not other.requested_ids
    return not set(call.requested_ids).isdisjoint(other.requested_ids)


def _requests(count: int) -> str:
    return quantity(count, "request")
