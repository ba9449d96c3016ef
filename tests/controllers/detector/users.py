"""What users do and see in the tests of the running detector."""

import asyncio
from typing import Any
from uuid import uuid4

from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, PROPAGATION_POLICIES
from karmada.api.groups.work import RESOURCE_BINDINGS, ResourceBinding
from karmada.api.objects import Object
from tests.controllers.detector.plane import Plane, eventually

ID = "propagationpolicy.karmada.io/permanent-id"
CLUSTER_ID = "clusterpropagationpolicy.karmada.io/permanent-id"
NAME = "propagationpolicy.karmada.io/name"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap"}
SETTLE_SECONDS = 0.3
"""How long "nothing happens" is watched for."""


async def config(user: Plane, name: str = "c", namespace: str = "shop", **labels: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return await user.create(CONFIG_MAPS, {"metadata": metadata, "data": {"colour": "teal"}})


def admitted(id_label: str, finalizer: str) -> Object:
    """What admission gives a policy, in case this server's does not."""
    return {"labels": {id_label: str(uuid4())}, "finalizers": [f"karmada.io/{finalizer}-controller"]}


async def policy(
    user: Plane, name: str, *selectors: Object, clusters: list[str] | None = None, **spec: Any
) -> str:
    """Create a PropagationPolicy; its permanent id."""
    placement = {"clusterAffinity": {"clusterNames": clusters or ["member1"]}}
    made = await user.create(
        PROPAGATION_POLICIES,
        {
            "metadata": {"name": name, "namespace": "shop", **admitted(ID, "propagation-policy")},
            "spec": {"resourceSelectors": list(selectors) or [CONFIG], "placement": placement, **spec},
        },
    )
    return made.metadata.labels[ID]


async def cluster_policy(user: Plane, name: str, *selectors: Object, **spec: Any) -> str:
    made = await user.create(
        CLUSTER_PROPAGATION_POLICIES,
        {
            "metadata": {"name": name, **admitted(CLUSTER_ID, "cluster-propagation-policy")},
            "spec": {"resourceSelectors": list(selectors) or [CONFIG], **spec},
        },
    )
    return made.metadata.labels[CLUSTER_ID]


async def bound(user: Plane, policy_name: str, name: str = "c-configmap") -> ResourceBinding:
    """The binding, once it follows that policy."""

    async def look() -> ResourceBinding | None:
        found = await user.get(RESOURCE_BINDINGS, "shop", name)
        return found if found.metadata.annotations.get(NAME) == policy_name else None

    found = await eventually(look, f"{name} follows {policy_name}")
    assert found is not None
    return found


async def unbound(user: Plane, name: str = "c-configmap") -> bool:
    """Whether there is no such binding, nor will be for a while."""
    await asyncio.sleep(SETTLE_SECONDS)
    keys = {item.metadata.name for item in (await user.client.list(RESOURCE_BINDINGS)).items}
    return name not in keys
