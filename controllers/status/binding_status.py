"""Works -> binding status -> template status: what all members say, where the user looks for it.

In: Work statuses, bindings that were scheduled. Out: aggregatedStatus and FullyApplied of the binding, the
status of the template. Before: work_status.py and execution/. One class serves both scopes. aggregate.py
decides; writes only what changed.
"""

from typing import Any, Final

from controllers.status.aggregate import aggregated_items, fully_applied
from controllers.targets import kept_clusters
from controllers.templates import Templates
from controllers.works import Works
from karmada.api.conditions import with_condition
from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.work import AggregatedStatusItem, ResourceBinding, Work
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource, split_api_version
from karmada.api.objects import Object, resource_version_of
from karmada.api.wellknown import (
    CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION,
    CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    FULLY_APPLIED,
    RESOURCE_BINDING_NAME_ANNOTATION,
    RESOURCE_BINDING_NAMESPACE_ANNOTATION,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.client.newest import Newest
from karmada.interpreter.chain import Interpreter, InterpreterError, Operation
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

CONFLICT_TRIES: Final = 5
GATHER_SECONDS: Final = 0.05
"""Works of one binding change together: one write for all of them instead of one each."""


class BindingStatusController:
    """Keys are bindings of one scope."""

    def __init__(
        self,
        *,
        bindings: Informer[ResourceBinding],
        works: Works,
        templates: Templates,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self._bindings = bindings
        self._resource: Resource[ResourceBinding] = bindings.resource
        self._works = works
        self._templates = templates
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._newest: Newest[ResourceBinding] = Newest(lambda binding: binding.metadata.resource_version)
        self._written: Newest[Object] = Newest(resource_version_of)

    @property
    def name(self) -> str:
        scope = "resource-binding" if self._resource.namespaced else "cluster-resource-binding"
        return f"{scope}-status-controller"

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def binding_changed(change: Change[ResourceBinding]) -> None:
            before, after = change.old, change.new
            if after is None or after.status.last_scheduled_time is None:
                return
            if (
                before is None
                or before.spec.resource.resource_version != after.spec.resource.resource_version
            ):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def work_changed(change: Change[Work]) -> None:
            before, after = change.old, change.new
            if before is None or (after is not None and before.status == after.status):
                return
            binding = self._binding_of(after if after is not None else before)
            if binding is not None:
                queue.add_after(binding, GATHER_SECONDS)

        self._bindings.add_handler(binding_changed, name=self.name)
        self._works.informer.add_handler(work_changed, name=self.name)

    def _binding_of(self, work: Work) -> ObjectKey | None:
        annotations = work.metadata.annotations
        if not self._resource.namespaced:
            name = annotations.get(CLUSTER_RESOURCE_BINDING_NAME_ANNOTATION)
            return self._resource.key("", name) if name else None
        namespace = annotations.get(RESOURCE_BINDING_NAMESPACE_ANNOTATION)
        name = annotations.get(RESOURCE_BINDING_NAME_ANNOTATION)
        return self._resource.key(namespace, name) if namespace and name else None

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        binding = self._newest.of(key, self._bindings.cache.get(key))
        if binding is None or binding.metadata.deletion_timestamp:
            return None
        items = aggregated_items(self._works.of_binding(self._permanent_id(binding)), binding.spec.resource)
        await self._write_binding(key, binding, items)
        await self._write_template(binding, items)
        return None

    def _permanent_id(self, binding: ResourceBinding) -> str:
        label = (
            RESOURCE_BINDING_PERMANENT_ID_LABEL
            if self._resource.namespaced
            else CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL
        )
        return binding.metadata.labels.get(label, "")

    async def _write_binding(
        self, key: ObjectKey, binding: ResourceBinding, items: list[AggregatedStatusItem]
    ) -> None:
        now = rfc3339(self._clock.now())

        def change(live: ResourceBinding) -> ResourceBinding:
            verdict = fully_applied(items, kept_clusters(live.spec), now=now)
            conditions = with_condition(
                live.status.conditions,
                type=FULLY_APPLIED,
                status=verdict.status,
                reason=verdict.reason,
                message=verdict.message,
                now=now,
            )
            updates: dict[str, Any] = {}
            if conditions is not live.status.conditions:
                updates["conditions"] = conditions
            if items != live.status.aggregated_status:
                updates["aggregated_status"] = items
            if not updates:
                return live
            return live.model_copy(update={"status": live.status.model_copy(update=updates)})

        try:
            written = await self._client.update_status(self._resource, key, change, cached=binding)
        except NotFound:
            self._newest.forget(key)
            return
        except ApiError as error:
            text = error.message
            self._recorder.event(binding, type="Warning", reason="AggregateStatusFailed", message=text)
            raise
        if written is not binding:
            self._newest.wrote(key, written)
            text = f"Update {self._resource.kind}({_path(key)}) with AggregatedStatus successfully."
            self._recorder.event(binding, type="Normal", reason="AggregateStatusSucceed", message=text)

    async def _write_template(self, binding: ResourceBinding, items: list[AggregatedStatusItem]) -> None:
        reference = binding.spec.resource
        gvk = GroupVersionKind(*split_api_version(reference.api_version), reference.kind)
        if not self._interpreter.handles(gvk, Operation.AGGREGATE_STATUS):
            return
        resource = await self._templates.resource_of(reference.api_version, reference.kind)
        if resource is None:
            return
        key = resource.key(reference.namespace, reference.name)
        found = await self._templates.find(resource, key, at_least=reference.resource_version)
        template = self._written.of(key, found)
        for _ in range(CONFLICT_TRIES):
            if template is None:
                return
            try:
                await self._aggregate(resource, template, items)
                return
            except Conflict:
                template = await self._live(resource, key)

    async def _aggregate(
        self, resource: Resource[Object], template: Object, items: list[AggregatedStatusItem]
    ) -> None:
        """Write the template's status if it differs. Raises Conflict when the template moved on."""
        try:
            wanted = await self._interpreter.aggregate_status(template, items)
            if (wanted.get("status") or {}) == (template.get("status") or {}):
                return
            written = await self._client.replace(resource, wanted, subresource="status")
            self._written.wrote(resource.key_of(written), written)
        except NotFound:
            return
        except Conflict:
            raise
        except (ApiError, InterpreterError) as error:
            self._recorder.event(template, type="Warning", reason="AggregateStatusFailed", message=str(error))
            raise
        text = "Update Resource with AggregatedStatus successfully."
        self._recorder.event(template, type="Normal", reason="AggregateStatusSucceed", message=text)

    async def _live(self, resource: Resource[Object], key: ObjectKey) -> Object | None:
        try:
            return await self._client.get(resource, key)
        except NotFound:
            return None


def _path(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}" if key.namespace else key.name
