"""Flaws of the demo partner that only tests need; importing this package registers them.

A run in another process has them with `-p tests.demo_flaws`.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.demo.certificates import over_tls
from pytest_mews.demo.partner_kinds import (
    processes,
    rejects,
    remembers,
    responds,
    serves_tls,
    streams,
)
from pytest_mews.demo.registry import register
from tests.demo_flaws.body_flaws import BODY_FLAWS
from tests.demo_flaws.client_flaws import (
    CLIENT_FLAWS,
    respond_between_pauses,
    ws_pauses_stop_webhooks,
)
from tests.demo_flaws.deletion_flaws import (
    DELETION_FLAWS,
    refuses_late_updates,
    rejects_entities,
)
from tests.demo_flaws.duplicate_flaws import DUPLICATE_FLAWS
from tests.demo_flaws.http_flaws import HTTP_FLAWS
from tests.demo_flaws.lifecycle_flaws import LIFECYCLE_FLAWS
from tests.demo_flaws.load_flaws import LOAD_FLAWS
from tests.demo_flaws.lost_event_flaws import (
    LOST_EVENT_FLAWS,
    accept_incomplete_action,
    accept_incomplete_batch,
    accept_null_event,
    incomplete_action_kills_worker,
    incomplete_batch_kills_worker,
    null_event_kills_worker,
)
from tests.demo_flaws.redirect_flaws import REDIRECT_FLAWS, redirects_to_http
from tests.demo_flaws.rejection_flaws import REJECTION_FLAWS
from tests.demo_flaws.request_flaws import REQUEST_FLAWS
from tests.demo_flaws.retry_flaws import RETRY_FLAWS
from tests.demo_flaws.stateful_flaws import STATEFUL_FLAWS
from tests.demo_flaws.tenancy_flaws import (
    TENANCY_FLAWS,
    DropEarlyEvents,
    IgnoreReinstatedAfterEvents,
    accept_rejected_message,
    closes_client_at_cancel,
    drops_events_before_creation,
    processes_rejected_messages,
)
from tests.demo_flaws.tls_flaws import TLS_FLAWS
from tests.demo_flaws.token_flaws import TOKEN_FLAWS

register(
    *map(responds, (*TOKEN_FLAWS, *HTTP_FLAWS, *REDIRECT_FLAWS, *BODY_FLAWS)),
    replace(responds(redirects_to_http), create_context=over_tls),
    *map(rejects, (*REJECTION_FLAWS, rejects_entities)),
    *map(
        remembers,
        (*DUPLICATE_FLAWS, *LOAD_FLAWS, *LIFECYCLE_FLAWS, *STATEFUL_FLAWS, refuses_late_updates),
    ),
    *map(serves_tls, TLS_FLAWS),
    *map(
        processes,
        (*LOST_EVENT_FLAWS, *DELETION_FLAWS, *RETRY_FLAWS, *REQUEST_FLAWS, *TENANCY_FLAWS),
    ),
    replace(
        processes(incomplete_action_kills_worker),
        create_behaviour=lambda: accept_incomplete_action,
    ),
    replace(
        processes(incomplete_batch_kills_worker),
        create_behaviour=lambda: accept_incomplete_batch,
    ),
    replace(
        processes(null_event_kills_worker),
        create_behaviour=lambda: accept_null_event,
    ),
    replace(
        processes(processes_rejected_messages),
        create_behaviour=lambda: accept_rejected_message,
    ),
    replace(processes(drops_events_before_creation), create_behaviour=DropEarlyEvents),
    replace(processes(closes_client_at_cancel), create_behaviour=IgnoreReinstatedAfterEvents),
    *map(streams, CLIENT_FLAWS),
    replace(streams(ws_pauses_stop_webhooks), create_behaviour=lambda: respond_between_pauses),
)
