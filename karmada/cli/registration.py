"""Registration of a cluster in push mode: everything `karmadactl join` does besides reading flags.

In the member: a namespace, two service accounts with token Secrets, and rights for the controller manager. In
the control plane: the tokens as Secrets, then the Cluster. commands/join.py and local/up.py call it;
commands/unjoin.py takes all of it away again.
"""

import asyncio
import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster, ClusterSpec, LocalSecretReference
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from karmada.api.groups.meta import ObjectMeta
from karmada.api.gvk import Resource
from karmada.api.objects import Object, name_of, uid_of
from karmada.api.wellknown import KARMADA_SYSTEM_LABEL
from karmada.cli.scope import CommandError
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.runtime.clock import SYSTEM_CLOCK

CLUSTER_NAMESPACE = "karmada-cluster"
IMPERSONATOR = "karmada-impersonator"
MAX_NAME_LENGTH = 48
TOKEN_SECONDS = 30.0
TOKEN_POLL_SECONDS = 0.05
DNS_1123_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class JoinOptions:
    """What the new Cluster says of itself, and the namespace of its Secrets on both sides."""

    name: str
    namespace: str = CLUSTER_NAMESPACE
    provider: str = ""
    region: str = ""
    zones: Sequence[str] = field(default_factory=tuple)
    dry_run: bool = False


def require_cluster_name(name: str) -> None:
    """Raises CommandError unless name is a DNS-1123 label that leaves room for the execution namespace."""
    if len(name) > MAX_NAME_LENGTH:
        raise CommandError(f"invalid cluster name({name}): must be no more than {MAX_NAME_LENGTH} characters")
    if not DNS_1123_LABEL.fullmatch(name):
        raise CommandError(
            f"invalid cluster name({name}): a lowercase RFC 1123 label must consist of lower case "
            "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
            "'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        )


async def join_cluster(plane: Client, member: Client, access: Access, options: JoinOptions) -> None:
    """All of a join. Raises CommandError when the cluster is registered already, ApiError when a side
    refuses."""
    cluster_id = await member_id(member)
    registered = await plane.list(CLUSTERS)
    if any(c.spec.id == cluster_id or c.metadata.name == options.name for c in registered.items):
        raise CommandError(
            f"the cluster ID {cluster_id} or the cluster name {options.name} has been registered"
        )
    if options.dry_run:
        return
    token, impersonator_token, ca = await prepare_member(member, options)
    await _ensure(plane, NAMESPACES, _system_object("Namespace", "v1", name=options.namespace))
    for secret in control_plane_secrets(options, token=token, impersonator_token=impersonator_token, ca=ca):
        await _replace(plane, SECRETS, secret)
    try:
        cluster = await plane.create(CLUSTERS, cluster_object(options, access, cluster_id=cluster_id))
    except AlreadyExists as error:
        raise CommandError(f"cluster({options.name}) already exist") from error
    await _own_secrets(plane, cluster, options)


async def member_id(member: Client) -> str:
    """The UID of kube-system: what makes a cluster the same cluster under another name."""
    try:
        return uid_of(await member.get(NAMESPACES, NAMESPACES.key("", "kube-system")))
    except NotFound as error:
        raise CommandError("the member has no namespace kube-system: is it a Kubernetes cluster?") from error


async def prepare_member(member: Client, options: JoinOptions) -> tuple[str, str, str]:
    """Accounts, tokens and rights in the member. Returns both tokens and the CA, base64 as Secrets hold
    them."""
    namespace = options.namespace
    await _ensure(member, NAMESPACES, _system_object("Namespace", "v1", name=namespace))
    accounts = (f"karmada-{options.name}", IMPERSONATOR)
    for account in accounts:
        await _ensure(
            member,
            SERVICE_ACCOUNTS,
            _system_object("ServiceAccount", "v1", name=account, namespace=namespace),
        )
        await _ensure(member, SECRETS, token_secret(account, namespace))
    for resource, obj in controller_manager_rights(options.name, namespace):
        await _ensure(member, resource, obj)
    own, impersonator = await asyncio.gather(*(_filled_token(member, namespace, name) for name in accounts))
    return own["token"], impersonator["token"], own.get("ca.crt", "")


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
    name = f"karmada-controller-manager:karmada-{cluster}"
    group = "rbac.authorization.k8s.io"
    role = _system_object("ClusterRole", f"{group}/v1", name=name)
    role["rules"] = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
    binding = _system_object("ClusterRoleBinding", f"{group}/v1", name=name)
    binding["roleRef"] = {"apiGroup": group, "kind": "ClusterRole", "name": name}
    binding["subjects"] = [{"kind": "ServiceAccount", "name": f"karmada-{cluster}", "namespace": namespace}]
    return [(CLUSTER_ROLES, role), (CLUSTER_ROLE_BINDINGS, binding)]


def control_plane_secrets(
    options: JoinOptions, *, token: str, impersonator_token: str, ca: str
) -> list[Object]:
    """The Secrets a Cluster refers to; values are base64 already."""
    own = _system_object("Secret", "v1", name=options.name, namespace=options.namespace)
    own["data"] = {"caBundle": ca, "token": token}
    impersonator = _system_object(
        "Secret", "v1", name=f"{options.name}-impersonator", namespace=options.namespace
    )
    impersonator["data"] = {"token": impersonator_token}
    return [own, impersonator]


def cluster_object(options: JoinOptions, access: Access, *, cluster_id: str) -> Cluster:
    spec: dict[str, object] = {
        "sync_mode": "Push",
        "api_endpoint": access.server,
        "id": cluster_id,
        "secret_ref": LocalSecretReference(namespace=options.namespace, name=options.name),
        "impersonator_secret_ref": LocalSecretReference(
            namespace=options.namespace, name=f"{options.name}-impersonator"
        ),
    }
    optional = {
        "provider": options.provider,
        "region": options.region,
        "zones": list(options.zones),
        "insecure_skip_tls_verification": access.insecure,
        "proxy_url": access.proxy_url,
    }
    spec.update({name: value for name, value in optional.items() if value})
    return Cluster(metadata=ObjectMeta(name=options.name), spec=ClusterSpec.model_validate(spec))


async def _filled_token(member: Client, namespace: str, name: str) -> dict[str, str]:
    """The data of a token Secret once the token controller has filled it."""
    deadline = SYSTEM_CLOCK.monotonic() + TOKEN_SECONDS
    while True:
        secret = await member.get(SECRETS, SECRETS.key(namespace, name))
        data: dict[str, str] = secret.get("data") or {}
        if data.get("token") and base64.b64decode(data["token"]):
            return data
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise CommandError(
                f"the member gave Secret {namespace}/{name} no token within {TOKEN_SECONDS:.0f} s: "
                "does its kube-controller-manager run?"
            )
        await SYSTEM_CLOCK.sleep(TOKEN_POLL_SECONDS)


async def _own_secrets(plane: Client, cluster: Cluster, options: JoinOptions) -> None:
    """The Secrets go when the Cluster goes."""
    owner = {
        "apiVersion": CLUSTERS.api_version,
        "kind": CLUSTERS.kind,
        "name": options.name,
        "uid": cluster.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for name in (options.name, f"{options.name}-impersonator"):
        patch = {"metadata": {"ownerReferences": [owner]}}
        await plane.patch(SECRETS, SECRETS.key(options.namespace, name), patch)


async def _ensure(client: Client, resource: Resource[Object], obj: Object) -> None:
    """Create it unless it is there."""
    try:
        await client.create(resource, obj)
    except AlreadyExists:
        return


async def _replace(client: Client, resource: Resource[Object], obj: Object) -> None:
    """Create it, or give the one that is there our data."""
    try:
        await client.create(resource, obj)
    except AlreadyExists:
        key = resource.key_of(obj)
        await client.update(resource, key, lambda live: {**live, "data": obj["data"]})


def _system_object(kind: str, api_version: str, *, name: str, namespace: str = "") -> Object:
    metadata: Object = {"name": name, "labels": {KARMADA_SYSTEM_LABEL: "true"}}
    if namespace:
        metadata["namespace"] = namespace
    obj: Object = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    assert name_of(obj)
    return obj
