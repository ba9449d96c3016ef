"""What a pod spec refers to by name: config maps, secrets, claims, a service account. Pure.

Used for the dependencies of built-in kinds, and by customizations for the pod templates of theirs.
"""

from collections.abc import Iterable
from typing import Any, Final

from karmada.api.objects import Object

Found = Iterable[tuple[str, str]]
"""(kind, name) pairs."""

SECRET_VOLUMES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("azureFile", ("secretName",)),
    ("cephfs", ("secretRef", "name")),
    ("cinder", ("secretRef", "name")),
    ("flexVolume", ("secretRef", "name")),
    ("rbd", ("secretRef", "name")),
    ("secret", ("secretName",)),
    ("scaleIO", ("secretRef", "name")),
    ("iscsi", ("secretRef", "name")),
    ("storageos", ("secretRef", "name")),
    ("csi", ("nodePublishSecretRef", "name")),
)


def pod_references(spec: Object) -> Found:
    yield from (("Secret", each.get("name") or "") for each in spec.get("imagePullSecrets") or ())
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            yield from _of_container(container)
    for volume in spec.get("volumes") or ():
        yield from _of_volume(volume)
    account = spec.get("serviceAccountName") or ""
    if account and account != "default":
        yield "ServiceAccount", account


def _of_container(container: Object) -> Found:
    for entry in container.get("env") or ():
        source = entry.get("valueFrom") or {}
        yield "ConfigMap", _at(source, "configMapKeyRef", "name")
        yield "Secret", _at(source, "secretKeyRef", "name")
    for entry in container.get("envFrom") or ():
        yield "ConfigMap", _at(entry, "configMapRef", "name")
        yield "Secret", _at(entry, "secretRef", "name")


def _of_volume(volume: Object) -> Found:
    yield "ConfigMap", _at(volume, "configMap", "name")
    yield "PersistentVolumeClaim", _at(volume, "persistentVolumeClaim", "claimName")
    for source, path in SECRET_VOLUMES:
        yield "Secret", _at(volume, source, *path)
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield "ConfigMap", _at(source, "configMap", "name")
        yield "Secret", _at(source, "secret", "name")


def _at(value: Object, *path: str) -> str:
    current: Any = value
    for step in path:
        current = (current or {}).get(step)
    return current or ""
