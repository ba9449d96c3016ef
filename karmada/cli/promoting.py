"""Take an object of a member into the control plane, with what it depends on and a policy that keeps it.

In: a Place, the member's client, what to promote. Out: templates and policies, a line for each; when
something fails, dependencies that were taken over already are given back. Nothing restarts in the member:
the template says conflict-resolution overwrite, so that execution adopts the object that runs.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, PROPAGATION_POLICIES
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource, split_api_version
from karmada.api.objects import Object, name_of, namespace_of, with_annotations
from karmada.api.selectors import from_label_selector
from karmada.api.wellknown import (
    CONFLICT_RESOLUTION_ANNOTATION,
    CONFLICT_RESOLUTION_OVERWRITE,
    MANAGED_BY_KARMADA_LABEL,
    WORK_PERMANENT_ID_LABEL,
)
from karmada.cli.interpreting import command_layers
from karmada.cli.places import Place
from karmada.cli.policies import policy_for
from karmada.cli.printers import Console, format_objects
from karmada.cli.scope import CommandError
from karmada.client.client import Client
from karmada.interpreter.native.prune import prune_manifest
from karmada.interpreter.operations import Operation


@dataclass(frozen=True, slots=True)
class PromoteOptions:
    """How to promote. output: json or yaml prints instead of creating."""

    cluster: str
    policy_name: str = ""
    creates_policy: bool = True
    dependencies: bool = False
    output: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Promoted:
    """An object that is in the control plane now, and can be given back."""

    resource: Resource[Object]
    key: ObjectKey


class Promotion:
    """Promotes one object from one member."""

    def __init__(self, place: Place, member: Client, options: PromoteOptions, console: Console) -> None:
        self._place = place
        self._member = member
        self._options = options
        self._console = console

    async def run(self, resource: Resource[Object], key: ObjectKey) -> int:
        template = template_of(await self._member.get(resource, key))
        if await self._exists(resource, key):
            self._console.error(
                f"Warning: {titled(resource, template)} already exist in karmada control plane, "
                "you can edit PropagationPolicy and OverridePolicy to propagate it"
            )
            return 0
        taken: list[Promoted] = []
        try:
            if self._options.dependencies and not self._options.dry_run:
                await self._take_dependencies(template, taken)
            if self._options.output:
                self._show(template)
                return 0
            await self._take(resource, key, template)
        except (ApiError, CommandError):
            await self._give_back(taken)
            raise
        self._console.line(f"{titled(resource, template)} is promoted successfully")
        return 0

    async def _exists(self, resource: Resource[Any], key: ObjectKey) -> bool:
        try:
            await self._place.client.get(resource, key)
        except NotFound:
            return False
        return True

    def _show(self, template: Object) -> None:
        documents = [template]
        if self._options.creates_policy:
            documents.append(self._policy(template))
        for number, document in enumerate(documents):
            separate = "---\n" if number and self._options.output == "yaml" else ""
            self._console.line(separate + format_objects([document], self._options.output))

    def _policy(self, template: Object) -> Object:
        spec: Object = {
            "conflictResolution": "Overwrite",
            "preserveResourcesOnDeletion": True,
            **({"propagateDeps": True} if self._options.dependencies else {}),
        }
        return policy_for(template, [self._options.cluster], name=self._options.policy_name, spec=spec)

    async def _take(self, resource: Resource[Object], key: ObjectKey, template: Object) -> None:
        """Template and policy. Raises CommandError when the policy's name is taken."""
        policy = self._policy(template)
        policies = PROPAGATION_POLICIES if namespace_of(policy) else CLUSTER_PROPAGATION_POLICIES
        place = f"{namespace_of(policy)}/{name_of(policy)}" if namespace_of(policy) else name_of(policy)
        wants_policy = self._options.creates_policy
        if wants_policy and await self._exists(policies, policies.key_of(policy)):
            raise CommandError(
                f"the {policy['kind']}({place}) already exist, please edit it to propagate resource, or give "
                "another name with --policy-name"
            )
        if self._options.dry_run:
            return
        # The policy first: with a template alone, a cluster policy that selects it could claim it meanwhile.
        if wants_policy:
            await self._place.client.create(policies, policies.decode(policy))
        try:
            await self._place.client.create(resource, template)
        except ApiError:
            if wants_policy:
                await self._place.client.delete(policies, policies.key_of(policy))
            raise
        namespace = namespace_of(template) or self._place.namespace
        self._console.line(f"ResourceTemplate ({namespace}/{name_of(template)}) is created successfully")
        if wants_policy:
            shown = f"({place})" if namespace_of(policy) else place
            self._console.line(f"{policy['kind']} {shown} is created successfully")

    # --- dependencies ---------------------------------------------------------------------------

    async def _take_dependencies(self, template: Object, taken: list[Promoted]) -> None:
        for reference in await self._references(template):
            async for resource, obj in self._referenced(reference):
                key = resource.key_of(obj)
                if await self._exists(resource, key):
                    continue
                dependency = template_of(obj)
                await self._place.client.create(resource, dependency)
                taken.append(Promoted(resource, key))
                self._console.line(
                    f"Dependency {_lower(titled(resource, dependency))} is promoted successfully"
                )

    async def _references(self, template: Object) -> list[DependentObjectReference]:
        gvk = GroupVersionKind.of(template)
        async with command_layers(self._place.client) as layers:
            for name, layer in layers.items():
                if layer.handles(gvk, Operation.DEPENDENCY):
                    self._console.line(f"Using {name} interpreter to get dependencies of {gvk.kind}")
                    return await layer.get_dependencies(template)
        return []

    async def _referenced(
        self, reference: DependentObjectReference
    ) -> AsyncIterator[tuple[Resource[Object], Object]]:
        """The objects of the member a reference means; those that are not there are left out."""
        group, version = split_api_version(reference.api_version)
        resource = await self._place.mapper.resource_for(GroupVersionKind(group, version, reference.kind))
        if reference.name:
            try:
                yield (
                    resource,
                    await self._member.get(resource, resource.key(reference.namespace, reference.name)),
                )
            except NotFound:
                self._console.error(
                    f"Warning: {reference.kind} {reference.namespace}/{reference.name} is not in "
                    f"cluster {self._options.cluster}"
                )
        elif reference.label_selector is not None:
            matcher = from_label_selector(reference.label_selector)
            listed = await self._member.list_objects(resource, namespace=reference.namespace)
            for obj in listed.items:
                if matcher.matches(obj["metadata"].get("labels") or {}):
                    yield resource, obj

    async def _give_back(self, taken: list[Promoted]) -> None:
        """The member keeps its copies, without our marks; the control plane's go."""
        unmarked = {"metadata": {"labels": {WORK_PERMANENT_ID_LABEL: None, MANAGED_BY_KARMADA_LABEL: None}}}
        for each in reversed(taken):
            try:
                await self._member.patch(each.resource, each.key, unmarked)
                await self._place.client.delete(each.resource, each.key)
            except ApiError as error:
                self._console.error(f"Warning: {each.key} could not be given back: {error.message}")


def template_of(obj: Object) -> Object:
    """A member's object as a template: without what its server owns, ready to adopt what runs."""
    pruned = prune_manifest(obj)
    seconds = (obj.get("spec") or {}).get("ttlSecondsAfterFinished")
    if obj.get("kind") == "Job" and seconds is not None:  # dropped on the way to members, kept in a template
        pruned = {**pruned, "spec": {**pruned["spec"], "ttlSecondsAfterFinished": seconds}}
    return with_annotations(pruned, {CONFLICT_RESOLUTION_ANNOTATION: CONFLICT_RESOLUTION_OVERWRITE})


def titled(resource: Resource[Object], obj: Object) -> str:
    """`Resource "apps/v1, Resource=deployments"(default/nginx)`."""
    place = f"{namespace_of(obj)}/{name_of(obj)}" if namespace_of(obj) else name_of(obj)
    return f'Resource "{resource.gvr}"({place})'


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
