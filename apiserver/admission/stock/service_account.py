"""ServiceAccount: a pod runs as an account there is, with its token and its pull secrets.

In: a new Pod, the accounts of its namespace. Out: the pod with a projected token volume, mounted where
nothing else is; a 403 for an account that is missing.
"""

import secrets
from datetime import timedelta
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from karmada.api.objects import Object, annotations_of, metadata_of
from karmada.runtime.clock import Clock, parse_rfc3339

DEFAULT_ACCOUNT: Final = "default"
MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"
VOLUME_PREFIX: Final = "kube-api-access-"
MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_SECONDS: Final = 3607
FILE_MODE: Final = 420
NEW_NAMESPACE_SECONDS: Final = 5
"""So long after its creation a namespace may still be without its default account."""
TRIES: Final = 10
TRY_SECONDS: Final = 0.1
_SUFFIX: Final = "bcdfghjklmnpqrstvwxz2456789"


class ServiceAccountAdmission(Plugin):
    name = "ServiceAccount"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        resource = context.resource
        is_pod = (resource.group, resource.resource) == ("", "pods")
        return is_pod and context.operation == "CREATE" and not context.subresource

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is None or MIRROR_ANNOTATION in annotations_of(obj):
            return None
        spec = obj["spec"]
        name = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = await self._account(name, context)
        if account is not None:
            if mounts_token(spec, account):
                add_token(spec)
            if not spec.get("imagePullSecrets") and (given := account.get("imagePullSecrets")):
                spec["imagePullSecrets"] = [dict(each) for each in given]
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        return None

    async def _account(self, name: str, context: AdmissionContext) -> Object | None:
        """None for a default account where nobody makes any: such a pod gets no token."""
        where = ("", "serviceaccounts", context.namespace, name)
        account = context.reader.get(*where) or await context.reader.get_live(*where)
        if account is not None:
            return account
        if name != DEFAULT_ACCOUNT:
            text = f"error looking up service account {context.namespace}/{name}: "
            raise context.forbidden(f'{text}serviceaccount "{name}" not found')
        if self._is_new_namespace(context):
            for _ in range(TRIES):
                await self._clock.sleep(TRY_SECONDS)
                if (account := context.reader.get(*where)) is not None:
                    return account
        return None

    def _is_new_namespace(self, context: AdmissionContext) -> bool:
        namespace = context.reader.get("", "namespaces", "", context.namespace)
        created = metadata_of(namespace or {}).get("creationTimestamp") or ""
        if not created:
            return False
        return self._clock.now() - parse_rfc3339(created) < timedelta(seconds=NEW_NAMESPACE_SECONDS)


def mounts_token(spec: Object, account: Object) -> bool:
    """The pod decides, else the account, else yes."""
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken")
    return wanted is not False


def add_token(spec: Object) -> None:
    """A token for every container that has nothing at its place, in place."""
    bare = [
        container
        for part in ("initContainers", "containers")
        for container in spec.get(part) or ()
        if not any(mount.get("mountPath") == MOUNT_PATH for mount in container.get("volumeMounts") or ())
    ]
    if not bare:
        return
    volumes: list[Any] = spec.setdefault("volumes", [])
    name = next((each["name"] for each in volumes if _is_token_volume(each)), "")
    if not name:
        name = VOLUME_PREFIX + "".join(secrets.choice(_SUFFIX) for _ in range(5))
        volumes.append({"name": name, "projected": _sources()})
    for container in bare:
        mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]


def _is_token_volume(volume: Object) -> bool:
    return bool(volume.get("projected")) and str(volume.get("name") or "").startswith(VOLUME_PREFIX)


def _sources() -> Object:
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": authority},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
        ],
        "defaultMode": FILE_MODE,
    }
