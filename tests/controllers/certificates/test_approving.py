"""Agents' requests are approved for whoever may ask for them, and for nobody else."""

from dataclasses import replace

import pytest

from karmada.api.conditions import find_condition
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS as REQUESTS
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS
from karmada.api.groups.meta import Condition
from karmada.api.objects import Object
from karmada.client.client import Client
from tests.controllers.certificates.test_requests import FAR, USAGES
from tests.controllers.cluster.live import Plane, control_plane, eventually, manager
from tests.controllers.kube.certificates import request_pem, signing_request

TOKENS = "system:bootstrappers:karmada:default-cluster-token"
AGENTS = "system:karmada:agents"


async def send(plane: Plane, name: str, *, user: str, group: str, common_name: str = FAR) -> None:
    access = replace(plane.access, impersonate_user=user, impersonate_groups=(group,))
    request = signing_request(request_pem(common_name, AGENTS), request_name=name, usages=USAGES)
    async with Client(access) as client:
        kind = {"apiVersion": REQUESTS.api_version, "kind": REQUESTS.kind}
        await client.create(REQUESTS, {**kind, **request})


async def approval(plane: Plane, name: str) -> Condition | None:
    found: Object = await plane.client.get(REQUESTS, REQUESTS.key("", name))
    conditions = [Condition.from_json(item) for item in (found.get("status") or {}).get("conditions") or ()]
    return find_condition(conditions, "Approved")


@pytest.mark.parametrize(
    ("user", "group", "message"),
    [
        pytest.param(
            "system:bootstrap:abcdef",
            TOKENS,
            "Auto approving karmada agent certificate after SubjectAccessReview.",
            id="a-token",
        ),
        pytest.param(
            FAR,
            AGENTS,
            "Auto approving self karmada agent certificate after SubjectAccessReview.",
            id="the-agent-itself",
        ),
    ],
)
async def test_whoever_may_ask_is_approved(user: str, group: str, message: str) -> None:
    async with control_plane() as plane, manager(plane, "agentcsrapproving"):
        await grant_requests(plane, user)
        await send(plane, "far-1", user=user, group=group)
        condition = await eventually(lambda: approval(plane, "far-1"), "it is approved")
        assert (condition.status, condition.reason, condition.message) == ("True", "AutoApproved", message)


async def test_an_agent_gets_no_certificate_of_another() -> None:
    near = "system:karmada:agent:near"
    async with control_plane() as plane, manager(plane, "agentcsrapproving"):
        for user in (near, FAR):
            await grant_requests(plane, user)
        await send(plane, "stolen", user=near, group=AGENTS)
        await send(plane, "own", user=FAR, group=AGENTS)
        await eventually(lambda: approval(plane, "own"), "its own is approved")
        assert await approval(plane, "stolen") is None


async def grant_requests(plane: Plane, user: str) -> None:
    """What register gives: agents and tokens may send requests."""
    name = user.replace(":", "-")
    reference = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "system:node-bootstrapper",
    }
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    await plane.create(
        CLUSTER_ROLE_BINDINGS, {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    )
