"""StatefulSet -> pods with ordinals, one after the other unless told otherwise, and their claims.

In: StatefulSets and their pods. Out: pods `{name}-{ordinal}`, PersistentVolumeClaims, a ControllerRevision
per template, StatefulSet status.
"""

from typing import Any, Final

from controllers.simulator.owned import OwnedPods
from controllers.simulator.replica_sets import wanted_replicas
from controllers.simulator.revisions import revision_name, revision_object
from controllers.simulator.workload import (
    CONTROLLER_REVISION_HASH_LABEL,
    is_finished,
    is_ready,
    pod_from,
)
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, STATEFUL_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    with_metadata,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import Requeue, WorkQueue

POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"


class StatefulSetController:
    """Keeps the pods of StatefulSets."""

    name = "statefulset"

    def __init__(self, *, stateful_sets: Informer[Object], pods: OwnedPods, client: Client) -> None:
        self._stateful_sets = stateful_sets
        self._pods = pods
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._stateful_sets.add_handler(changed, name=self.name)
        self._pods.notify(STATEFUL_SETS, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        stateful_set = self._stateful_sets.cache.get(key)
        if stateful_set is None or is_deleting(stateful_set):
            return None
        revision = revision_name(stateful_set)
        if (stateful_set.get("status") or {}).get("updateRevision") != revision:
            await self._ensure_revision(stateful_set, revision)
        pods = {ordinal_of(pod): pod for pod in self._pods.of(stateful_set)}
        await self._step(stateful_set, pods, revision)
        status = stateful_set_status(stateful_set, list(pods.values()), revision)
        try:
            await self._client.update_status(
                STATEFUL_SETS, key, lambda live: {**live, "status": status}, cached=stateful_set
            )
        except NotFound:
            return None
        return None

    async def _step(self, stateful_set: Object, pods: dict[int, Object], revision: str) -> None:
        """Create, replace or delete pods as far as the order allows. pods is kept up to date."""
        start = (stateful_set["spec"].get("ordinals") or {}).get("start", 0)
        wanted = range(start, start + wanted_replicas(stateful_set))
        parallel = stateful_set["spec"].get("podManagementPolicy") == "Parallel"
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is not None and is_finished(pod) and not is_deleting(pod):
                await self._pods.delete(stateful_set, pod)
                return
            if pod is None:
                await self._create_claims(stateful_set, ordinal)
                pods[ordinal] = pod = await self._create_pod(stateful_set, ordinal, revision)
            if not parallel and (not is_ready(pod) or is_deleting(pod)):
                return
        surplus = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
        for ordinal in surplus:
            if not is_deleting(pods[ordinal]):
                await self._pods.delete(stateful_set, pods[ordinal])
            if not parallel:
                return
        await self._roll(stateful_set, pods, wanted, revision)

    async def _roll(
        self, stateful_set: Object, pods: dict[int, Object], wanted: range, revision: str
    ) -> None:
        """Replace the highest pod of an old revision; it comes back with the new one."""
        strategy = stateful_set["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for ordinal in sorted((each for each in wanted if each >= partition), reverse=True):
            pod = pods.get(ordinal)
            if pod is None or is_deleting(pod):
                return
            if labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) != revision:
                await self._pods.delete(stateful_set, pod)
                return
            if not is_ready(pod):
                return

    async def _create_pod(self, stateful_set: Object, ordinal: int, revision: str) -> Object:
        name = f"{name_of(stateful_set)}-{ordinal}"
        labels = {
            POD_NAME_LABEL: name,
            POD_INDEX_LABEL: str(ordinal),
            CONTROLLER_REVISION_HASH_LABEL: revision,
        }
        spec: Object = {"hostname": name, "subdomain": stateful_set["spec"].get("serviceName", "")}
        if claims := claim_templates(stateful_set):
            template_volumes = stateful_set["spec"]["template"]["spec"].get("volumes") or []
            names = {name_of(claim) for claim in claims}
            spec["volumes"] = [volume for volume in template_volumes if volume["name"] not in names]
            spec["volumes"] += [
                {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
                for claim in sorted(names)
            ]
        pod = pod_from(stateful_set, stateful_set["spec"]["template"], name=name, labels=labels, spec=spec)
        return await self._pods.create(stateful_set, pod)

    async def _create_claims(self, stateful_set: Object, ordinal: int) -> None:
        for template in claim_templates(stateful_set):
            claim = with_metadata(
                {**template, "apiVersion": "v1", "kind": "PersistentVolumeClaim"},
                name=f"{name_of(template)}-{name_of(stateful_set)}-{ordinal}",
                namespace=namespace_of(stateful_set),
                labels=(stateful_set["spec"].get("selector") or {}).get("matchLabels"),
            )
            claim.pop("status", None)
            try:
                await self._client.create(PERSISTENT_VOLUME_CLAIMS, claim)
            except AlreadyExists:
                continue

    async def _ensure_revision(self, stateful_set: Object, revision: str) -> None:
        try:
            await self._client.create(CONTROLLER_REVISIONS, revision_object(stateful_set, revision))
        except AlreadyExists:
            return


def claim_templates(stateful_set: Object) -> list[Object]:
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def ordinal_of(pod: Object) -> int:
    """The number at the end of its name; -1 for a pod that has none."""
    number = name_of(pod).rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def stateful_set_status(stateful_set: Object, pods: list[Object], revision: str) -> Object:
    before = stateful_set.get("status") or {}
    alive = [pod for pod in pods if not is_deleting(pod)]
    ready = sum(map(is_ready, alive))
    updated = sum(labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == revision for pod in alive)
    rolled_out = updated == len(alive) == wanted_replicas(stateful_set) and ready == len(alive)
    current = revision if rolled_out else before.get("currentRevision") or revision
    on_current = sum(labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == current for pod in alive)
    counts: dict[str, Any] = {
        "observedGeneration": generation_of(stateful_set),
        "readyReplicas": ready,
        "currentReplicas": on_current,
        "updatedReplicas": updated,
    }
    return {
        **{name: value for name, value in counts.items() if value},
        "replicas": len(alive),
        "availableReplicas": ready,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    }
