"""Templates are scaled by the clock, on a real control plane; only the time is played."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from controllers.autoscaling.cron_controller import CronScalingController
from controllers.autoscaling.scale_target import ScaleTargets
from karmada.api.groups.autoscaling import CRON_FEDERATED_HPAS, FEDERATED_HPAS, CronFederatedHPA
from karmada.api.groups.kubernetes import DEPLOYMENTS, EVENTS
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import Neighbours, nothing_is_written, running

BEFORE = datetime(2026, 3, 1, 11, 59, 30, tzinfo=UTC)


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as user:
        await user.namespaces("shop")
        await user.create(DEPLOYMENTS, deployment())
        yield user


def deployment() -> Object:
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


async def ask(
    user: Plane, *rules: Object, kind: str = "Deployment", api: str = "apps/v1", name: str = "web"
) -> None:
    target = {"apiVersion": api, "kind": kind, "name": name}
    metadata = {"name": "cron", "namespace": "shop"}
    await user.create(
        CRON_FEDERATED_HPAS, {"metadata": metadata, "spec": {"scaleTargetRef": target, "rules": list(rules)}}
    )


def controllers(clock: ManualClock) -> Any:
    def make(given: Neighbours) -> Sequence[Controller[Any]]:
        controller = CronScalingController(
            autoscalers=given.informers.ensure(CRON_FEDERATED_HPAS),
            targets=ScaleTargets(templates=given.templates, client=given.client),
            client=given.client,
            recorder=given.recorder,
            clock=clock,
            home=UTC,
        )
        return [controller]

    return make


async def planned(user: Plane) -> None:
    async def look() -> bool:
        found = await user.get(CRON_FEDERATED_HPAS, "shop", "cron")
        return any(each.next_execution_time for each in found.status.execution_histories)

    await eventually(look, "the rules are planned")


async def executed(user: Plane, runs: int, *, failed: int = 0) -> CronFederatedHPA:
    async def look() -> CronFederatedHPA | None:
        found = await user.get(CRON_FEDERATED_HPAS, "shop", "cron")
        history = found.status.execution_histories[0]
        done = (len(history.successful_executions), len(history.failed_executions)) == (runs, failed)
        return found if done else None

    found = await eventually(look, f"{runs} runs are told, {failed} failed")
    assert found is not None
    return found


async def test_a_deployment_is_scaled_at_its_time_and_not_before(user: Plane) -> None:
    clock = ManualClock(BEFORE)
    async with running(user, controllers(clock), clock=clock):
        await ask(user, {"name": "noon", "schedule": "0 12 * * *", "targetReplicas": 5})
        await planned(user)
        assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 1
        clock.advance(30)
        found = await executed(user, 1)
    run = found.status.execution_histories[0]
    assert run.successful_executions[0].schedule_time == "2026-03-01T12:00:00Z"
    assert run.successful_executions[0].applied_replicas == 5
    assert run.next_execution_time == "2026-03-02T12:00:00Z"
    assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 5


async def test_a_restart_writes_nothing_and_keeps_the_appointment(user: Plane) -> None:
    clock = ManualClock(BEFORE)
    async with running(user, controllers(clock), clock=clock):
        await ask(user, {"name": "noon", "schedule": "0 12 * * *", "targetReplicas": 2})
        await planned(user)
    clock.advance(40)  # the time comes while nobody looks
    async with running(user, controllers(clock), clock=clock):
        await executed(user, 1)
    async with running(user, controllers(clock), clock=clock):
        assert await nothing_is_written(user, CRON_FEDERATED_HPAS, DEPLOYMENTS)


async def test_the_bounds_of_a_federated_hpa_are_moved(user: Plane) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3}
    await user.create(FEDERATED_HPAS, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    clock = ManualClock(BEFORE)
    rule = {"name": "noon", "schedule": "0 12 * * *", "targetMinReplicas": 2, "targetMaxReplicas": 9}
    async with running(user, controllers(clock), clock=clock):
        await ask(user, rule, kind="FederatedHPA", api="autoscaling.karmada.io/v1alpha1")
        await planned(user)
        clock.advance(30)
        await executed(user, 1)
    moved = await user.get(FEDERATED_HPAS, "shop", "web")
    assert (moved.spec.min_replicas, moved.spec.max_replicas) == (2, 9)


@pytest.mark.parametrize(
    ("kind", "api", "name", "error"),
    [
        pytest.param("Deployment", "apps/v1", "ghost", "not found", id="no-such-object"),
        pytest.param("Ghost", "apps/v1", "web", "no matches for kind", id="no-such-kind"),
        pytest.param("ConfigMap", "v1", "web", "not", id="a-kind-without-scale"),
    ],
)
async def test_a_target_that_cannot_be_scaled_is_told_in_history_and_event(
    user: Plane, kind: str, api: str, name: str, error: str
) -> None:
    clock = ManualClock(BEFORE)
    async with running(user, controllers(clock), clock=clock):
        await ask(
            user,
            {"name": "noon", "schedule": "0 12 * * *", "targetReplicas": 2},
            kind=kind,
            api=api,
            name=name,
        )
        await planned(user)
        clock.advance(30)
        found = await executed(user, 0, failed=1)
        assert error in found.status.execution_histories[0].failed_executions[0].message

        async def told() -> bool:
            events = (await user.client.list(EVENTS, namespace="shop")).items
            return any(event["reason"] == "ScaleFailed" for event in events)

        await eventually(told, "an event says so")
