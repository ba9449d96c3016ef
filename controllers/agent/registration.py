"""The agent makes its member known to the control plane, before anything else.

In: both sides, what the Cluster is to say of itself. Out: the member's credentials as Secrets in the control
plane, a Cluster in pull mode. Doing it again changes nothing: a restarted agent finds its Cluster by name and
id. It needs no more rights than `karmadactl register` gives.
"""

import logging
from typing import Any

from karmada.api.errors import AlreadyExists, Forbidden
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.registration import (
    Registration,
    RegistrationError,
    cluster_object,
    member_id,
    own_secrets,
    prepare_member,
    registered_as,
    write_secrets,
)

log = logging.getLogger(__name__)


async def register_member(
    plane: Client, member: Client, access: Access, registration: Registration
) -> Cluster:
    """access: the agent's own to the member. Raises RegistrationError when the name or the member is taken,
    ApiError when a side refuses or cannot be reached.
    """
    cluster_id = await member_id(member)
    require_free(await registered_as(plane, registration.name, cluster_id), registration.name, cluster_id)
    tokens = await prepare_member(member, registration)
    await write_secrets(plane, registration, tokens)
    cluster = await _ensure_cluster(plane, cluster_object(registration, access, cluster_id=cluster_id))
    await own_secrets(plane, cluster, registration)
    return cluster


def require_free(registered: list[Cluster], name: str, cluster_id: str) -> None:
    """The very same cluster is welcome back. Raises RegistrationError for any other of this name or id."""
    for cluster in registered:
        if (cluster.metadata.name, cluster.spec.id) == (name, cluster_id):
            continue
        raise RegistrationError(
            f"the cluster ID {cluster_id} or the cluster name {name} has been registered: "
            f"by cluster {cluster.metadata.name} with ID {cluster.spec.id or '(none)'}"
        )


async def _ensure_cluster(plane: Client, wanted: Cluster) -> Cluster:
    key = CLUSTERS.key("", wanted.metadata.name)
    try:
        return await plane.create(CLUSTERS, wanted)
    except AlreadyExists:
        pass
    try:
        return await plane.update(CLUSTERS, key, lambda live: restated(live, wanted))
    except Forbidden as error:
        # What karmadactl registered may not change its Cluster: that would be its taints, too.
        log.warning("the Cluster says other things than our flags", extra={"error": str(error)})
        return await plane.get(CLUSTERS, key)


def restated(live: Cluster, wanted: Cluster) -> Cluster:
    """live with what the agent has to say; the rest of its spec is the users'. Itself if that is there."""
    said: dict[str, Any] = {name: getattr(wanted.spec, name) for name in wanted.spec.model_fields_set}
    spec = live.spec.model_copy(update=said)
    return live if spec == live.spec else live.model_copy(update={"spec": spec})
