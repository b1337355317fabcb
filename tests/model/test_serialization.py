"""What a result has as JSON: what the causes need of it is the same when it is read."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.causes import find_causes
from pytest_mews.model.serialization import Reader, result_to_json
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery


def test_messages_of_a_chain_and_about_deleted_entities() -> None:
    """Whose AccessToken covers them, and what no response has to return, is no part of the body."""
    results = []
    for number, name in enumerate("abc"):
        plain = delivery(name, f"deleted-{name}", enterprise=f"property-{name}")
        message = replace(plain.message, portfolio_id="chain", deleted_ids=(f"deleted-{name}",))
        by_interval = call(returned_ids=(), enterprise="chain")
        deliveries = [replace(plain, message=message)]
        results.append(processing_result(f"PROC-4{number}", deliveries, [by_interval]))
    reader = Reader({result.scenario.id: result.scenario for result in results})
    read = [reader.result_from_json(result_to_json(result)) for result in results]
    for before, after in zip(results, read, strict=True):
        (sent,), (again,) = (one.evidence[0].transcript.deliveries for one in (before, after))
        assert again.message.token_owner == sent.message.token_owner == "chain"
        assert again.message.deleted_ids == sent.message.deleted_ids
    assert find_causes(read) == find_causes(results)
    assert find_causes(read)
