"""karmada.client.events: Events are counted, bounded, and written without holding anybody up."""

from collections.abc import AsyncIterator

import pytest

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.objects import Object
from karmada.client import events
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.runtime.clock import ManualClock
from tests.karmada.client.played import PlayedServer, answers, played_server, status

EVENTS = "api/v1/events"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7"},
}


@pytest.fixture
async def server() -> AsyncIterator[PlayedServer]:
    async with played_server() as server:
        yield server


@pytest.fixture
async def client(server: PlayedServer) -> AsyncIterator[Client]:
    async with Client(server.access) as client:
        yield client


def stored(server: PlayedServer) -> list[Object]:
    return [obj for (collection, _, _), obj in server.objects.items() if collection == EVENTS]


async def test_an_event_names_its_object_source_and_times(server: PlayedServer, client: Client) -> None:
    async with EventRecorder(client, component="resource-detector", clock=ManualClock()) as recorder:
        recorder.event(POD, type="Normal", reason="ApplyPolicySucceed", message="done")
    (event,) = stored(server)
    name = event["metadata"].pop("name")
    assert name.startswith("web.")
    assert int(name.removeprefix("web."), 16)
    assert event["metadata"]["namespace"] == "shop"
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "web",
        "namespace": "shop",
        "resourceVersion": "7",
        "uid": "u1",
    }
    assert (event["type"], event["reason"], event["message"]) == ("Normal", "ApplyPolicySucceed", "done")
    assert event["source"] == {"component": "resource-detector"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"
    assert event["count"] == 1


async def test_models_and_references_name_an_object_too(server: PlayedServer, client: Client) -> None:
    cluster = CLUSTERS.decode(
        {
            "apiVersion": "cluster.karmada.io/v1alpha1",
            "kind": "Cluster",
            "metadata": {"name": "m1", "uid": "c1"},
            "spec": {"syncMode": "Push"},
        }
    )
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "uid": "u2",
    }
    async with EventRecorder(client, component="x", clock=ManualClock()) as recorder:
        recorder.event(cluster, type="Normal", reason="A", message="m")
        recorder.event(reference, type="Warning", reason="B", message="m")
    of_cluster, of_reference = sorted(stored(server), key=lambda event: event["reason"])
    assert of_cluster["metadata"]["namespace"] == "default"
    assert of_cluster["involvedObject"] == {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "name": "m1",
        "uid": "c1",
    }
    assert of_reference["involvedObject"] == reference


async def test_repetitions_in_a_short_time_are_one_write(server: PlayedServer, client: Client) -> None:
    async with EventRecorder(client, component="x", clock=ManualClock()) as recorder:
        for _ in range(40):
            recorder.event(POD, type="Normal", reason="Again", message="m")
    (event,) = stored(server)
    assert event["count"] == 40
    assert [seen.method for seen in server.seen] == ["POST"]


async def test_later_repetitions_raise_the_count_of_the_same_event(
    server: PlayedServer, client: Client
) -> None:
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    recorder.event(POD, type="Normal", reason="Again", message="m")
    await recorder._write(list(recorder._waiting.items()), retry=True)
    recorder.event(POD, type="Normal", reason="Again", message="m")
    recorder.event(POD, type="Normal", reason="Other", message="m")
    await recorder._write(list(recorder._waiting.items()), retry=True)
    assert sorted((event["reason"], event["count"]) for event in stored(server)) == [
        ("Again", 2),
        ("Other", 1),
    ]
    assert server.requests("PATCH")[0].body == {"count": 2, "lastTimestamp": "2026-01-01T00:00:00Z"}


async def test_an_event_that_lived_its_time_is_written_anew(server: PlayedServer, client: Client) -> None:
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    recorder.event(POD, type="Normal", reason="Again", message="m")
    await recorder._write(list(recorder._waiting.items()), retry=True)
    server.objects.clear()
    recorder.event(POD, type="Normal", reason="Again", message="m")
    await recorder._write(list(recorder._waiting.items()), retry=True)
    (event,) = stored(server)
    assert event["count"] == 1


async def test_events_are_written_while_the_process_goes_on(server: PlayedServer, client: Client) -> None:
    async with EventRecorder(client, component="x") as recorder:
        recorder.event(POD, type="Normal", reason="Soon", message="m")
        async with server.changed:
            await server.changed.wait()
        assert stored(server)


async def test_trouble_with_the_server_is_tried_again(server: PlayedServer, client: Client) -> None:
    server.faults += [answers(lambda: status(503, "ServiceUnavailable", "x")) for _ in range(2)]
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    recorder.event(POD, type="Normal", reason="A", message="m")
    for _ in range(3):
        assert not stored(server)
        await recorder._write(list(recorder._waiting.items()), retry=True)
    assert len(stored(server)) == 1


async def test_an_event_the_server_refuses_is_dropped(server: PlayedServer, client: Client) -> None:
    server.faults.append(answers(lambda: status(403, "Forbidden", "namespace is being terminated")))
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    recorder.event(POD, type="Normal", reason="A", message="m")
    await recorder._write(list(recorder._waiting.items()), retry=True)
    assert not recorder._waiting
    assert len(server.seen) == 1


async def test_too_many_waiting_events_push_out_the_oldest(client: Client) -> None:
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    for number in range(events.MAX_WAITING + 5):
        pod = {**POD, "metadata": {"name": f"p{number}", "namespace": "shop"}}
        recorder.event(pod, type="Normal", reason="A", message="m")
    assert len(recorder._waiting) == events.MAX_WAITING
    assert next(iter(recorder._waiting)).subject.name == "p5"


async def test_an_object_that_never_stops_talking_is_cut_off(client: Client) -> None:
    clock = ManualClock()
    recorder = EventRecorder(client, component="x", clock=clock)
    for number in range(events.BURST + 10):
        recorder.event(POD, type="Normal", reason="A", message=f"message {number}")
    assert len(recorder._waiting) == events.BURST
    clock.advance(events.REFILL_SECONDS)
    recorder.event(POD, type="Normal", reason="A", message="later")
    assert len(recorder._waiting) == events.BURST + 1


async def test_a_server_that_is_gone_does_not_hold_up_the_end(server: PlayedServer) -> None:
    client = Client(server.access)
    server.faults += [answers(lambda: status(503, "ServiceUnavailable", "x")) for _ in range(9)]
    async with EventRecorder(client, component="x") as recorder:
        recorder.event(POD, type="Normal", reason="A", message="m")
    await client.close()
    assert stored(server) == []


async def test_names_stay_within_the_limit_and_differ(client: Client) -> None:
    recorder = EventRecorder(client, component="x", clock=ManualClock())
    names = {recorder._new_name("n" * 253) for _ in range(5)}
    assert len(names) == 5
    assert {len(name) for name in names} == {253}
