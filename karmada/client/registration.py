"""Registration of a cluster: what a member and the control plane have to hold of each other.

In the member: a namespace, service accounts with token Secrets, and rights for the control plane. In the
control plane: the tokens as Secrets, then the Cluster. `karmadactl join` does it for a push member; the agent
of a pull member does it when it starts; `karmadactl unjoin` and `unregister` take all of it away again.
"""

import asyncio
import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from karmada.api.errors import AlreadyExists, NotFound, UserError
from karmada.api.groups.cluster import CLUSTERS, PUSH, Cluster, ClusterSpec, LocalSecretReference
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from karmada.api.groups.meta import ObjectMeta
from karmada.api.gvk import Resource
from karmada.api.names import IMPERSONATOR_NAME, KARMADA_CLUSTER_NAMESPACE
from karmada.api.objects import Object, name_of, owners_of, uid_of
from karmada.api.wellknown import KUBE_SYSTEM_NAMESPACE
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.system_objects import ensure, role_ref, system_object
from karmada.runtime.clock import SYSTEM_CLOCK

MAX_NAME_LENGTH: Final = 48
TOKEN_SECONDS: Final = 30.0
TOKEN_POLL_SECONDS: Final = 0.05
DNS_1123_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class RegistrationError(UserError):
    """The cluster cannot be registered like this; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the new Cluster says of itself. namespace: of its Secrets, on both sides.

    api_endpoint and proxy_url are "" where those of the member's kubeconfig count. credentials and
    impersonator: whether the control plane gets a token to act in the member, and one to act there as its
    users.
    """

    name: str
    namespace: str = KARMADA_CLUSTER_NAMESPACE
    sync_mode: str = PUSH
    provider: str = ""
    region: str = ""
    zones: Sequence[str] = ()
    api_endpoint: str = ""
    proxy_url: str = ""
    credentials: bool = True
    impersonator: bool = True

    @property
    def account(self) -> str:
        return control_plane_account(self.name)

    @property
    def impersonator_secret(self) -> str:
        return f"{self.name}-impersonator"


@dataclass(frozen=True, slots=True)
class MemberTokens:
    """base64, as Secrets hold them; "" for what is not reported."""

    token: str = ""
    ca: str = ""
    impersonator: str = ""


def require_cluster_name(name: str) -> None:
    """Raises RegistrationError unless name is a DNS-1123 label that leaves room for the execution
    namespace."""
    if len(name) > MAX_NAME_LENGTH:
        raise RegistrationError(
            f"invalid cluster name({name}): must be no more than {MAX_NAME_LENGTH} characters"
        )
    if not DNS_1123_LABEL.fullmatch(name):
        raise RegistrationError(
            f"invalid cluster name({name}): a lowercase RFC 1123 label must consist of lower case "
            "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
            "'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        )


def control_plane_account(cluster: str) -> str:
    """The service account in a member that the control plane acts as."""
    return f"karmada-{cluster}"


def control_plane_role(cluster: str) -> str:
    return f"karmada-controller-manager:{control_plane_account(cluster)}"


async def join_cluster(
    plane: Client, member: Client, access: Access, registration: Registration, *, dry_run: bool = False
) -> None:
    """All of a join. Raises RegistrationError when the cluster is registered already, ApiError when a side
    refuses."""
    cluster_id = await member_id(member)
    taken = await registered_as(plane, registration.name, cluster_id)
    if taken:
        raise RegistrationError(
            f"the cluster ID {cluster_id} or the cluster name {registration.name} has been registered"
        )
    if dry_run:
        return
    tokens = await prepare_member(member, registration)
    await write_secrets(plane, registration, tokens)
    try:
        cluster = await plane.create(CLUSTERS, cluster_object(registration, access, cluster_id=cluster_id))
    except AlreadyExists as error:
        raise RegistrationError(f"cluster({registration.name}) already exist") from error
    await own_secrets(plane, cluster, registration)


async def member_id(member: Client) -> str:
    """The UID of kube-system: what makes a cluster the same cluster under another name."""
    try:
        return uid_of(await member.get(NAMESPACES, NAMESPACES.key("", KUBE_SYSTEM_NAMESPACE)))
    except NotFound as error:
        raise RegistrationError(
            "the member has no namespace kube-system: is it a Kubernetes cluster?"
        ) from error


async def registered_as(plane: Client, name: str, cluster_id: str) -> list[Cluster]:
    """The Clusters that have this name or this id."""
    clusters = (await plane.list(CLUSTERS)).items
    return [item for item in clusters if item.spec.id == cluster_id or item.metadata.name == name]


async def prepare_member(member: Client, registration: Registration) -> MemberTokens:
    """Accounts, tokens and rights in the member, as far as they are reported."""
    namespace = registration.namespace
    if not (registration.credentials or registration.impersonator):
        return MemberTokens()
    await ensure(member, NAMESPACES, system_object(NAMESPACES, name=namespace))

    async def account(name: str) -> dict[str, str]:
        await ensure(
            member, SERVICE_ACCOUNTS, system_object(SERVICE_ACCOUNTS, name=name, namespace=namespace)
        )
        await ensure(member, SECRETS, token_secret(name, namespace))
        return await _filled_token(member, namespace, name)

    async def acting() -> dict[str, str]:
        if not registration.credentials:
            return {}
        for resource, obj in controller_manager_rights(registration.name, namespace):
            await ensure(member, resource, obj)
        return await account(registration.account)

    async def impersonating() -> dict[str, str]:
        return await account(IMPERSONATOR_NAME) if registration.impersonator else {}

    own, impersonator = await asyncio.gather(acting(), impersonating())
    return MemberTokens(own.get("token", ""), own.get("ca.crt", ""), impersonator.get("token", ""))


def token_secret(account: str, namespace: str) -> Object:
    metadata = {
        "name": account,
        "namespace": namespace,
        "annotations": {"kubernetes.io/service-account.name": account},
    }
    secret_type = "kubernetes.io/service-account-token"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret_type}


def controller_manager_rights(cluster: str, namespace: str) -> list[tuple[Resource[Object], Object]]:
    """Everything on everything in the member, for the service account of the control plane."""
    name = control_plane_role(cluster)
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
    subject = {"kind": "ServiceAccount", "name": control_plane_account(cluster), "namespace": namespace}
    return [
        (CLUSTER_ROLES, system_object(CLUSTER_ROLES, name=name, rules=rules)),
        (
            CLUSTER_ROLE_BINDINGS,
            system_object(
                CLUSTER_ROLE_BINDINGS, name=name, roleRef=role_ref("ClusterRole", name), subjects=[subject]
            ),
        ),
    ]


async def write_secrets(plane: Client, registration: Registration, tokens: MemberTokens) -> None:
    """The namespace and the Secrets that the Cluster will refer to; what is there gets our data."""
    secrets = control_plane_secrets(registration, tokens)
    if secrets:
        await ensure(plane, NAMESPACES, system_object(NAMESPACES, name=registration.namespace))
    for secret in secrets:
        try:
            await plane.create(SECRETS, secret)
        except AlreadyExists:
            key = SECRETS.key_of(secret)
            present = await plane.get(SECRETS, key)
            if present.get("data") != secret["data"]:
                await plane.patch(SECRETS, key, {"data": secret["data"]})


def control_plane_secrets(registration: Registration, tokens: MemberTokens) -> list[Object]:
    """The Secrets a Cluster refers to."""
    data = {}
    if registration.credentials:
        data[registration.name] = {"caBundle": tokens.ca, "token": tokens.token}
    if registration.impersonator:
        data[registration.impersonator_secret] = {"token": tokens.impersonator}
    return [
        system_object(SECRETS, name=name, namespace=registration.namespace, data=values)
        for name, values in data.items()
    ]


def cluster_object(registration: Registration, access: Access, *, cluster_id: str) -> Cluster:
    """The Cluster; access says how its kubeconfig reaches the member."""
    spec: dict[str, object] = {
        "sync_mode": registration.sync_mode,
        "api_endpoint": registration.api_endpoint or access.server,
        "id": cluster_id,
    }
    namespace = registration.namespace
    optional = {
        "secret_ref": LocalSecretReference(namespace=namespace, name=registration.name)
        if registration.credentials
        else None,
        "impersonator_secret_ref": LocalSecretReference(
            namespace=namespace, name=registration.impersonator_secret
        )
        if registration.impersonator
        else None,
        "provider": registration.provider,
        "region": registration.region,
        "zones": list(registration.zones),
        "insecure_skip_tls_verification": access.insecure,
        "proxy_url": registration.proxy_url or access.proxy_url,
    }
    spec.update({name: value for name, value in optional.items() if value})
    return Cluster(metadata=ObjectMeta(name=registration.name), spec=ClusterSpec.model_validate(spec))


async def own_secrets(plane: Client, cluster: Cluster, registration: Registration) -> None:
    """The Secrets go when the Cluster goes."""
    owner = {
        "apiVersion": CLUSTERS.api_version,
        "kind": CLUSTERS.kind,
        "name": cluster.metadata.name,
        "uid": cluster.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for secret in control_plane_secrets(registration, MemberTokens()):
        key = SECRETS.key(registration.namespace, name_of(secret))
        if owners_of(await plane.get(SECRETS, key)) != [owner]:
            await plane.patch(SECRETS, key, {"metadata": {"ownerReferences": [owner]}})


async def _filled_token(member: Client, namespace: str, name: str) -> dict[str, str]:
    """The data of a token Secret once the token controller has filled it."""
    deadline = SYSTEM_CLOCK.monotonic() + TOKEN_SECONDS
    while True:
        secret = await member.get(SECRETS, SECRETS.key(namespace, name))
        data: dict[str, str] = secret.get("data") or {}
        if data.get("token") and base64.b64decode(data["token"]):
            return data
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise RegistrationError(
                f"the member gave Secret {namespace}/{name} no token within {TOKEN_SECONDS:.0f} s: "
                "does its kube-controller-manager run?"
            )
        await SYSTEM_CLOCK.sleep(TOKEN_POLL_SECONDS)
