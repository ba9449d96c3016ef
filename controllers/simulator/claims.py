"""PersistentVolumeClaims of a simulated cluster: each gets a volume of the size it asks for.

In: claims and volumes. Out: a PersistentVolume per claim, both Bound; the volume goes after its claim. A
claim with storageClassName "" waits for a volume that somebody makes by hand, as in any cluster.
"""

from typing import Final

from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.kubernetes import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    is_deleting,
    name_of,
    namespace_of,
    resource_version_of,
    uid_of,
    with_annotations,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import Requeue, WorkQueue

PROVISIONER: Final = "simulator.karmada.io/storage"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
BOUND: Final = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
STALE_SECONDS: Final = 1.0


class ClaimController:
    """Keys are claims."""

    name = "persistentvolume-binder"

    def __init__(self, *, claims: Informer[Object], volumes: Informer[Object], client: Client) -> None:
        self._claims = claims
        self._volumes = volumes
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def claim_changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def volume_changed(change: Change[Object]) -> None:
            volume = change.new if change.new is not None else change.old
            reference = ((volume or {}).get("spec") or {}).get("claimRef")
            if reference:
                queue.add(PERSISTENT_VOLUME_CLAIMS.key(reference["namespace"], reference["name"]))

        self._claims.add_handler(claim_changed, name=self.name)
        self._volumes.add_handler(volume_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        claim = self._claims.cache.get(key)
        await self._remove_released(key, keep=uid_of(claim) if claim is not None else "")
        if claim is None or is_deleting(claim) or not wants_volume(claim):
            return None
        try:
            await self._bind(claim)
        except (Conflict, NotFound):
            return Requeue(after=STALE_SECONDS)
        return None

    async def _bind(self, claim: Object) -> None:
        volume = volume_for(claim)
        key = PERSISTENT_VOLUMES.key_of(volume)
        present = self._volumes.cache.get(key)
        if present is None:
            try:
                present = await self._client.create(PERSISTENT_VOLUMES, volume)
            except AlreadyExists:
                present = await self._client.get(PERSISTENT_VOLUMES, key)
        if (present.get("status") or {}).get("phase") != "Bound":
            await self._client.patch(
                PERSISTENT_VOLUMES, key, {"status": {"phase": "Bound"}}, subresource="status"
            )
        if claim["spec"].get("volumeName") != name_of(volume):
            bound = with_annotations(claim, BOUND)
            claim = await self._client.replace(
                PERSISTENT_VOLUME_CLAIMS, {**bound, "spec": {**claim["spec"], "volumeName": name_of(volume)}}
            )
        status = bound_status(claim)
        if claim.get("status") != status:
            await self._client.replace(
                PERSISTENT_VOLUME_CLAIMS, {**claim, "status": status}, subresource="status"
            )

    async def _remove_released(self, key: ObjectKey, *, keep: str) -> None:
        """Volumes made for a claim of this name that is gone."""
        for volume in self._volumes.cache.list():
            reference = volume["spec"].get("claimRef") or {}
            if (reference.get("namespace"), reference.get("name")) != (key.namespace, key.name):
                continue
            if annotations_of(volume).get(PROVISIONED_BY) == PROVISIONER and reference.get("uid") != keep:
                await self._client.delete(
                    PERSISTENT_VOLUMES, PERSISTENT_VOLUMES.key_of(volume), uid=uid_of(volume)
                )


def wants_volume(claim: Object) -> bool:
    """Not bound yet, and not by somebody else."""
    spec = claim["spec"]
    if spec.get("storageClassName") == "":
        return False
    return (spec.get("volumeName") or "") in ("", _volume_name(claim)) and (claim.get("status") or {}).get(
        "phase"
    ) != "Bound"


def bound_status(claim: Object) -> Object:
    spec = claim["spec"]
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
    return {
        "phase": "Bound",
        "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
        "capacity": {"storage": size},
    }


def volume_for(claim: Object) -> Object:
    spec, status = claim["spec"], bound_status(claim)
    volume: Object = {
        "capacity": status["capacity"],
        "accessModes": status["accessModes"],
        "persistentVolumeReclaimPolicy": "Delete",
        "volumeMode": spec.get("volumeMode") or "Filesystem",
        "hostPath": {"path": f"/simulated/{uid_of(claim)}"},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": namespace_of(claim),
            "name": name_of(claim),
            "uid": uid_of(claim),
            "resourceVersion": resource_version_of(claim),
        },
    }
    if spec.get("storageClassName"):
        volume["storageClassName"] = spec["storageClassName"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _volume_name(claim), "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": volume,
    }


def _volume_name(claim: Object) -> str:
    return f"pvc-{uid_of(claim)}"
