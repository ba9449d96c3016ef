"""From a bootstrap token to the agent's lasting identity, and its rights.

In: a trusted access with the token. Out: the agent's kubeconfig. A short-lived identity makes the rights and
is dropped; a second certificate is the agent's own. What was made is taken back when a later step fails.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from karmada.api.errors import ApiError, NotFound, UserError
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS, NAMESPACES
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.names import execution_namespace
from karmada.api.objects import Object
from karmada.api.wellknown import AGENT_RBAC_GENERATOR_USER, AGENTS_GROUP
from karmada.cli.pull.rights import agent_rights, agent_user
from karmada.client.certificates import (
    ClientCertificate,
    random_suffix,
    request_certificate,
    subject_of,
)
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.kubeconfig_file import new_kubeconfig, with_context
from karmada.client.system_objects import ensure, system_object

GENERATOR_SECONDS: Final = 3600
CLUSTER: Final = "karmada-apiserver"


class AlreadyRegistered(UserError):
    """There is a cluster of that name."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Who registers as what; access holds the CA and the bootstrap token."""

    access: Access
    cluster: str
    namespace: str
    certificate_seconds: int


async def bootstrap_agent(wanted: Bootstrap, say: Callable[[str], None]) -> Object:
    """The agent's kubeconfig. say tells each stage when it begins. Raises UserError and ApiError."""
    say("Waiting to perform the TLS Bootstrap")
    async with Client(wanted.access, user_agent="karmadactl") as plane, _generator(plane, wanted) as client:
        say("Waiting to check cluster exists")
        await require_new(client, wanted.cluster)
        say("Assign the necessary RBAC permissions to the agent")
        async with _rights(client, wanted):
            say("Waiting to construct karmada-agent kubeconfig")
            certificate = await request_certificate(
                plane,
                f"{wanted.cluster}-{random_suffix()}",
                subject_of(agent_user(wanted.cluster), (AGENTS_GROUP,)),
                seconds=wanted.certificate_seconds,
            )
    return agent_kubeconfig(wanted.access, wanted.cluster, certificate)


async def require_new(client: Client, cluster: str) -> None:
    try:
        await client.get(CLUSTERS, CLUSTERS.key("", cluster))
    except NotFound:
        return
    raise AlreadyRegistered(f"failed to register as cluster with name {cluster} already exists")


def agent_kubeconfig(access: Access, cluster: str, certificate: ClientCertificate) -> Object:
    """The certificate for the control plane that access leads to."""
    return with_context(
        new_kubeconfig(),
        context=f"{cluster}@{CLUSTER}",
        cluster=CLUSTER,
        user=cluster,
        server=access.server,
        ca_data=access.ca_data,
        client_certificate=certificate.certificate,
        client_key=certificate.key,
    )


@asynccontextmanager
async def _generator(plane: Client, wanted: Bootstrap) -> AsyncIterator[Client]:
    """As the identity that may make the agent's rights; its certificate request goes with it."""
    name = f"agent-rbac-generator-{wanted.cluster}{random_suffix()}"
    subject = subject_of(AGENT_RBAC_GENERATOR_USER, (AGENTS_GROUP,))
    certificate = await request_certificate(plane, name, subject, seconds=GENERATOR_SECONDS)
    access = replace(
        wanted.access, token=None, client_certificate=certificate.certificate, client_key=certificate.key
    )
    async with Client(access, user_agent="karmadactl") as client:
        try:
            yield client
        finally:
            await client.delete(
                CERTIFICATE_SIGNING_REQUESTS, CERTIFICATE_SIGNING_REQUESTS.key("", name), missing_ok=True
            )


@asynccontextmanager
async def _rights(client: Client, wanted: Bootstrap) -> AsyncIterator[None]:
    """Made; and unmade again when what follows fails."""
    made: list[tuple[Resource[Object], ObjectKey]] = []

    async def grant(*role_and_binding: tuple[Resource[Object], Object]) -> None:
        for resource, obj in role_and_binding:
            if await ensure(client, resource, obj):
                made.append((resource, resource.key_of(obj)))
            else:
                await client.patch(resource, resource.key_of(obj), _said(obj))

    try:
        for name in (wanted.namespace, execution_namespace(wanted.cluster)):
            await ensure(client, NAMESPACES, system_object(NAMESPACES, name=name))
        rights = agent_rights(wanted.cluster, namespace=wanted.namespace)
        await asyncio.gather(*(grant(*rights[at : at + 2]) for at in range(0, len(rights), 2)))
        yield
    except BaseException:
        for resource, key in reversed(made):
            try:
                await client.delete(resource, key, missing_ok=True)
            except ApiError:
                continue  # what went wrong before is what the user is told
        raise


def _said(obj: Object) -> Object:
    """What a role or binding says, without who it is."""
    return {name: obj[name] for name in ("rules", "subjects") if name in obj}
