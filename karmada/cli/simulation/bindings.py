"""The bindings of a hypothetical world: what policies and templates of files, or other replicas, make of it.

In: a Place, flags, manifests. Out: a Hypothesis for every binding there is or would be. Reads the control
plane, asks the interpreter, decides with the detector's own functions; writes nothing.
"""

import argparse
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

from controllers.detector.desired import binding_scope
from karmada.api.errors import Forbidden, NotFound
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, PROPAGATION_POLICIES, PropagationPolicy
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource
from karmada.api.names import binding_name
from karmada.api.objects import Object, name_of, namespace_of, with_metadata
from karmada.api.selection import selects
from karmada.api.wellknown import CLUSTER_PROPAGATION_POLICY_NAME_ANNOTATION as CLUSTER_POLICY_NAME
from karmada.api.wellknown import PROPAGATION_POLICY_NAME_ANNOTATION as POLICY_NAME
from karmada.cli.interpreting import command_interpreter
from karmada.cli.journey.policies import winning_policy
from karmada.cli.journey.rendering import binding_of, overlaid
from karmada.cli.journey.world import World
from karmada.cli.places import Place
from karmada.cli.scope import CommandError
from karmada.cli.selection import Selected
from karmada.client.mapper import DiscoveredResource
from karmada.interpreter.chain import Interpreter
from scheduler.what_if import Hypothesis, hypothesis

POLICY_KINDS: Final = ("PropagationPolicy", "ClusterPropagationPolicy")


async def read_bindings(place: Place) -> dict[ObjectKey, ResourceBinding]:
    """All bindings of both scopes, in order of their names."""
    found: dict[ObjectKey, ResourceBinding] = {}
    for resource in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS):
        for binding in (await place.client.list(resource)).items:
            found[resource.key(binding.metadata.namespace, binding.metadata.name)] = binding
    return found


async def hypothetical_bindings(
    place: Place, args: argparse.Namespace, written: Sequence[Selected]
) -> tuple[list[Hypothesis], list[str]]:
    """One Hypothesis per binding, and what was changed in words."""
    stored = await read_bindings(place)
    changed = dict(stored)
    words: list[str] = []
    if written:
        async with AsyncExitStack() as stack:
            interpreter = await stack.enter_async_context(command_interpreter(place.client))
            files = _Files(place, interpreter, written, stored)
            changed |= await files.bindings()
            words += files.words
    for text in args.replicas:
        key, replicas = _wish(text, place, changed)
        changed[key] = _with_spec(changed[key], replicas=replicas)
        words.append(f"{text.rpartition('=')[0]} has {replicas} replicas")
    if args.reschedule:
        changed = {key: _rescheduled(binding) for key, binding in changed.items()}
        words.append("everything is placed afresh")
    found = [_hypothesis(binding, stored.get(key)) for key, binding in changed.items()]
    return found, words


def _hypothesis(binding: ResourceBinding, now: ResourceBinding | None) -> Hypothesis:
    return hypothesis(binding, now=now) if now is not None else Hypothesis(binding, {})


def _wish(text: str, place: Place, bindings: Mapping[ObjectKey, ResourceBinding]) -> tuple[ObjectKey, int]:
    """Which binding is meant, and its replicas. Raises CommandError."""
    what, _, number = text.rpartition("=")
    *namespace, kind, name = what.split("/") if "/" in what else ["", what]
    if not (kind and name and number.isdecimal() and len(namespace) <= 1):
        raise CommandError(f"--replicas {text}: expected [NAMESPACE/]KIND/NAME=N")
    wanted = namespace[0] if namespace else place.namespace
    for key, binding in bindings.items():
        resource = binding.spec.resource
        if (resource.kind.lower(), resource.name) == (kind.lower(), name) and key.namespace in (wanted, ""):
            return key, int(number)
    raise CommandError(f"--replicas {text}: no policy has placed a {kind} {name} in namespace {wanted}")


def _with_spec(binding: ResourceBinding, **fields: object) -> ResourceBinding:
    return binding.model_copy(update={"spec": binding.spec.model_copy(update=fields)})


def _rescheduled(binding: ResourceBinding) -> ResourceBinding:
    """As if a reschedule had been asked for after the last success."""
    last = binding.status.last_scheduled_time
    if not last:
        return binding
    later = datetime.fromisoformat(last).astimezone(UTC) + timedelta(seconds=1)
    return _with_spec(binding, reschedule_triggered_at=later.strftime("%Y-%m-%dT%H:%M:%SZ"))


class _Files:
    """Policies and templates of files, laid over what the control plane has."""

    def __init__(
        self,
        place: Place,
        interpreter: Interpreter,
        written: Sequence[Selected],
        stored: Mapping[ObjectKey, ResourceBinding],
    ) -> None:
        self._place = place
        self._interpreter = interpreter
        self._stored = stored
        self._policies = [each.object for each in written if each.object["kind"] in POLICY_KINDS]
        self._templates = [each for each in written if each.object["kind"] not in POLICY_KINDS]
        self.words = [f"{each.object['kind']} {name_of(each.object)} is as the file says" for each in written]

    async def bindings(self) -> dict[ObjectKey, ResourceBinding]:
        """Those that the files change or make."""
        namespaced = await self._all(PROPAGATION_POLICIES)
        cluster_wide = await self._all(CLUSTER_PROPAGATION_POLICIES)
        changed: dict[ObjectKey, ResourceBinding] = {}
        async for template in self._concerned():
            namespace = namespace_of(template)
            scope = binding_scope(template)
            key = scope.key(namespace, binding_name(template["kind"], name_of(template)))
            beside = [policy for policy in namespaced if policy.metadata.namespace == namespace]
            world = World(template, beside, cluster_wide, binding=self._stored.get(key))
            world = overlaid(world, self._policies)
            policy = winning_policy(world)
            if policy is not None:
                changed[key] = await binding_of(world, policy, template, self._interpreter)
        return changed

    async def _concerned(self) -> AsyncIterator[Object]:
        """Templates of files, and those that a policy of a file selects or has placed."""
        seen: set[tuple[str, str, str]] = set()
        for each in self._templates:
            seen.add(_identity(each.object))
            yield await self._with_uid(each)
        for resource in await self._selected_resources():
            for listed in (await self._place.client.list_objects(resource.resource)).items:
                template = {"apiVersion": resource.gvk.api_version, "kind": resource.kind, **listed}
                if _identity(template) not in seen and self._is_concerned(template):
                    yield template

    async def _with_uid(self, each: Selected) -> Object:
        """A template of a file as the object it will be once applied."""
        try:
            live = await self._place.client.get(each.resource.resource, each.key)
        except NotFound:
            return each.object
        return with_metadata(each.object, uid=live["metadata"]["uid"])

    async def _selected_resources(self) -> Iterable[DiscoveredResource]:
        """What the policies of files select, and what they have placed so far."""
        wanted = {
            GroupVersionKind.of(selector)
            for policy in self._policies
            for selector in (policy.get("spec") or {}).get("resourceSelectors") or ()
        }
        wanted |= {
            GroupVersionKind.of(binding.spec.resource.to_json())
            for binding in self._stored.values()
            if self._has_placed(binding)
        }
        return [each for each in await self._place.mapper.resources() if each.gvk in wanted]

    def _is_concerned(self, template: Object) -> bool:
        key = binding_scope(template).key(
            namespace_of(template), binding_name(template["kind"], name_of(template))
        )
        stored = self._stored.get(key)
        if stored is not None and self._has_placed(stored):
            return True
        return any(
            selects(PropagationPolicy.from_json(policy).spec.resource_selectors, template)
            and namespace_of(policy) in ("", namespace_of(template))
            for policy in self._policies
        )

    def _has_placed(self, binding: ResourceBinding) -> bool:
        annotations = binding.metadata.annotations
        mine = {annotations.get(POLICY_NAME), annotations.get(CLUSTER_POLICY_NAME)}
        return any(name_of(policy) in mine for policy in self._policies)

    async def _all(self, resource: Resource[PropagationPolicy]) -> list[PropagationPolicy]:
        try:
            return (await self._place.client.list(resource)).items
        except (NotFound, Forbidden):
            return []


def _identity(obj: Object) -> tuple[str, str, str]:
    return str(obj["kind"]), namespace_of(obj), name_of(obj)
