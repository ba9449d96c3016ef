"""Write a Work: stamp and prune its manifests, record their keys, create or update.

In: manifests for one cluster, from whoever propagates (bindings, namespaces, access rules, quotas). Out: a
Work in the execution namespace, written only when it changes. The API server's admission does the same
stamping; doing it here first is what makes "nothing changed" visible before a request is sent.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.meta import ObjectMeta, OwnerReference
from karmada.api.groups.work import WORKS, Work, WorkloadTemplate, WorkSpec
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, uid_of, with_annotations, with_labels
from karmada.api.wellknown import (
    CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION,
    CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    CONFLICT_RESOLUTION_ANNOTATION,
    EXECUTION_FINALIZER,
    MANAGED_BY_KARMADA_LABEL,
    MANAGED_BY_KARMADA_VALUE,
    RESOURCE_BINDING_NAME_ANNOTATION,
    RESOURCE_BINDING_NAMESPACE_ANNOTATION,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
    TEMPLATE_UID_ANNOTATION,
    WORK_NAME_ANNOTATION,
    WORK_NAMESPACE_ANNOTATION,
    WORK_PERMANENT_ID_LABEL,
)
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.interpreter.native.managed_keys import with_managed_keys
from karmada.interpreter.native.prune import prune_manifest

BINDING_INDEX: Final = "binding-permanent-id"
BINDING_NAME_INDEX: Final = "binding-name"


class Written(StrEnum):
    """What ensure did."""

    NOTHING = "unchanged"
    CREATED = "created"
    UPDATED = "updated"


class WorkIsDeleting(Exception):
    """The Work of an earlier placement has not gone yet; it can be written again when it has."""


class Works:
    """All Works of the control plane: found through the shared informer, written through ensure."""

    def __init__(self, *, informers: Informers, client: Client) -> None:
        self.informer = informers.ensure(WORKS)
        self.informer.cache.add_index(BINDING_INDEX, binding_ids)
        self.informer.cache.add_index(BINDING_NAME_INDEX, binding_names)
        self._client = client

    def of_binding(self, permanent_id: str) -> list[Work]:
        """The Works of a ResourceBinding or ClusterResourceBinding."""
        return self.informer.cache.by_index(BINDING_INDEX, permanent_id) if permanent_id else []

    def naming_binding(self, namespace: str, name: str) -> list[Work]:
        """The Works that name a binding of this place, whichever binding of that name it was."""
        return self.informer.cache.by_index(BINDING_NAME_INDEX, f"{namespace}/{name}")

    async def ensure(
        self,
        *,
        namespace: str,
        name: str,
        manifests: Sequence[Object],
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        finalizer: str = EXECUTION_FINALIZER,
        owner: OwnerReference | None = None,
        suspend_dispatching: bool | None = None,
        preserve_resources_on_deletion: bool | None = None,
    ) -> Written:
        """Create the Work or bring it to this; labels and annotations are added, never removed.

        finalizer "" adds none; the two flags are left out when None. Raises WorkIsDeleting.
        """
        wanted = Work(
            metadata=_metadata(namespace, name, labels, annotations, finalizer, owner),
            spec=_spec(
                [stamped(manifest, namespace, name, annotations or {}) for manifest in manifests],
                suspend=suspend_dispatching,
                preserve=preserve_resources_on_deletion,
            ),
        )
        return await self._write(WORKS.key(namespace, name), wanted)

    async def delete(self, work: Work) -> None:
        """Ask for its deletion, once; execution takes it out of the member first."""
        if work.metadata.deletion_timestamp is None:
            await self._client.delete(WORKS, WORKS.key(work.metadata.namespace, work.metadata.name))

    async def _write(self, key: ObjectKey, wanted: Work) -> Written:
        cached = self.informer.cache.get(key)
        if cached is None:
            try:
                await self._client.create(WORKS, recorded(wanted))
            except AlreadyExists:
                pass  # our cache is behind
            else:
                return Written.CREATED
        before = cached

        def change(work: Work) -> Work:
            nonlocal before
            before = work
            return merged(work, wanted)

        try:
            after = await self._client.update(WORKS, key, change, cached=cached)
        except NotFound as error:
            raise Conflict(f"work {key.namespace}/{key.name} went while it was written") from error
        return Written.NOTHING if after is before else Written.UPDATED


def binding_ids(work: Work) -> list[str]:
    """The permanent id of the binding a Work was made for."""
    labels = work.metadata.labels
    ids = (RESOURCE_BINDING_PERMANENT_ID_LABEL, CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL)
    return [labels[label] for label in ids if labels.get(label)]


def binding_names(work: Work) -> list[str]:
    """namespace/name of the binding a Work names; the namespace of a ClusterResourceBinding is ""."""
    annotations = work.metadata.annotations
    found: list[str] = []
    if name := annotations.get(RESOURCE_BINDING_NAME_ANNOTATION):
        found.append(f"{annotations.get(RESOURCE_BINDING_NAMESPACE_ANNOTATION, '')}/{name}")
    if name := annotations.get(CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION):
        found.append(f"/{name}")
    return found


def stamped(manifest: Object, namespace: str, name: str, annotations: Mapping[str, str]) -> Object:
    """manifest with the marks of its Work, without what never leaves the control plane. annotations: the
    Work's.
    """
    marks = {
        TEMPLATE_UID_ANNOTATION: uid_of(manifest),
        WORK_NAME_ANNOTATION: name,
        WORK_NAMESPACE_ANNOTATION: namespace,
    }
    if conflict_resolution := annotations.get(CONFLICT_RESOLUTION_ANNOTATION):
        marks[CONFLICT_RESOLUTION_ANNOTATION] = conflict_resolution
    managed = with_labels(manifest, {MANAGED_BY_KARMADA_LABEL: MANAGED_BY_KARMADA_VALUE})
    return prune_manifest(with_annotations(managed, marks))


def recorded(work: Work) -> Work:
    """work with the id of the Work on each manifest, and with each manifest's own list of managed keys."""
    work_id = work.metadata.labels.get(WORK_PERMANENT_ID_LABEL, "")
    manifests = [with_managed_keys(manifest, work_id) for manifest in work.spec.workload.manifests]
    spec = work.spec.model_copy(update={"workload": WorkloadTemplate(manifests=manifests)})
    return work.model_copy(update={"spec": spec})


def merged(stored: Work, wanted: Work) -> Work:
    """stored brought to wanted: metadata added to, the spec replaced. Raises WorkIsDeleting."""
    metadata = stored.metadata
    if metadata.deletion_timestamp is not None:
        raise WorkIsDeleting(f"work {metadata.namespace}/{metadata.name} is being deleted")
    new = wanted.metadata
    update: dict[str, Any] = {
        "labels": {**metadata.labels, **new.labels},
        "annotations": {**metadata.annotations, **new.annotations},
    }
    if not set(new.finalizers) <= set(metadata.finalizers):
        update["finalizers"] = sorted({*metadata.finalizers, *new.finalizers})
    if new.owner_references and not metadata.owner_references:
        update["owner_references"] = new.owner_references
    changed = stored.model_copy(update={"metadata": metadata.model_copy(update=update), "spec": wanted.spec})
    changed = recorded(changed)
    return stored if changed == stored else changed


def _metadata(
    namespace: str,
    name: str,
    labels: Mapping[str, str] | None,
    annotations: Mapping[str, str] | None,
    finalizer: str,
    owner: OwnerReference | None,
) -> ObjectMeta:
    fields: dict[str, Any] = {"namespace": namespace, "name": name}
    if labels:
        fields["labels"] = dict(labels)
    if annotations:
        fields["annotations"] = dict(annotations)
    if finalizer:
        fields["finalizers"] = [finalizer]
    if owner is not None:
        fields["owner_references"] = [owner]
    return ObjectMeta.model_validate(fields)


def _spec(manifests: list[Object], *, suspend: bool | None, preserve: bool | None) -> WorkSpec:
    fields: dict[str, Any] = {"workload": WorkloadTemplate(manifests=manifests)}
    if suspend is not None:
        fields["suspend_dispatching"] = suspend
    if preserve is not None:
        fields["preserve_resources_on_deletion"] = preserve
    return WorkSpec.model_validate(fields)
