"""A thousand requests at once: some are served, the others are told to come back, and administrators pass."""

import asyncio
import base64
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

from apiserver.filters.limits import LimitOptions
from karmada.api.objects import Object
from tests.apiserver.process.remote import remote_server
from tests.apiserver.serving import Plane, config_map, running_plane

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
RBAC = "rbac.authorization.k8s.io"
FAMILY = "flowcontrol.apiserver.k8s.io/v1"


def narrow_level() -> Object:
    limited = {
        "nominalConcurrencyShares": 5,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    spec = {"type": "Limited", "limited": limited}
    return {
        "apiVersion": FAMILY,
        "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "narrow"},
        "spec": spec,
    }


def schema() -> Object:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}
    rule = {
        "subjects": [{"kind": "User", "user": {"name": "alice"}}],
        "resourceRules": [{**everything, "clusterScope": True}],
    }
    spec = {
        "priorityLevelConfiguration": {"name": "narrow"},
        "matchingPrecedence": 500,
        "rules": [rule],
    }
    return {"apiVersion": FAMILY, "kind": "FlowSchema", "metadata": {"name": "alice"}, "spec": spec}


def hook(url: str, ca: bytes) -> Object:
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    webhook: Object = {
        "name": "slow.example.com",
        "clientConfig": {"url": url, "caBundle": base64.b64encode(ca).decode()},
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 30,
    }
    kind = "ValidatingWebhookConfiguration"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "slow"},
        "webhooks": [webhook],
    }


async def alice_may_all(plane: Plane) -> None:
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "alice"}],
    }
    assert (await plane.post(f"/apis/{RBAC}/v1/clusterrolebindings", binding)).status == 201


async def test_a_thousand_at_once(tmp_path: Path) -> None:
    opened = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await opened.wait()
        review: Any = await request.json()
        response = {"uid": review["request"]["uid"], "allowed": True}
        return web.json_response({**review, "response": response})

    limits = LimitOptions(max_requests_in_flight=40, max_mutating_requests_in_flight=20)
    async with (
        remote_server(tmp_path / "hook", slow) as remote,
        running_plane(limits=limits) as plane,
    ):
        await alice_may_all(plane)
        assert (await plane.post(f"{FLOW}/prioritylevelconfigurations", narrow_level())).status == 201
        assert (await plane.post(f"{FLOW}/flowschemas", schema())).status == 201
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        assert (await plane.post(path, hook(remote.url, remote.ca))).status == 201

        path = "/api/v1/namespaces/default/configmaps"

        async def create(number: int) -> int:
            reply = await plane.call("POST", path, config_map(f"c{number}"), Impersonate_User="alice")
            if reply.status == 429:
                assert reply.headers["Retry-After"] == "1"
                assert reply.body == b"Too many requests, please try again later."
                assert reply.headers["X-Kubernetes-PF-FlowSchema-UID"]
                refused.set()
            return reply.status

        refused = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(create(number)) for number in range(1000)]
            await refused.wait()
            assert (await plane.get(path)).status == 200  # an administrator is exempt
            assert (await plane.get("/api/v1/nodes", Impersonate_User="bob")).status == 403  # others go on
            numbers = (await plane.get("/metrics")).body.decode()
            opened.set()
        found = Counter(task.result() for task in tasks)
        assert found.keys() == {201, 429}
        assert found[429] > 900
        labels = 'flow_schema="alice",priority_level="narrow"'
        assert f"apiserver_flowcontrol_rejected_requests_total{{{labels}" in numbers
        assert (await plane.call("POST", path, config_map("after"), Impersonate_User="alice")).status == 201


async def test_a_user_who_floods_waits_and_others_do_not(tmp_path: Path) -> None:
    """The stock levels queue: each user is a flow of its own."""
    limits = LimitOptions(max_requests_in_flight=4, max_mutating_requests_in_flight=2)
    async with running_plane(limits=limits) as plane:
        await alice_may_all(plane)
        replies = await asyncio.gather(
            *(plane.get("/api/v1/namespaces", Impersonate_User="alice") for _ in range(300))
        )
        assert {reply.status for reply in replies} == {200}
