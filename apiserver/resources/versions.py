"""Versions: an object in another served version of its resource.

In: an object in the version of a request, two served versions. Out: a new object in the other one, in its
shape. Admission webhooks that know only another version are shown the object through here.
"""

from dataclasses import dataclass

from apiserver.resources.definition import ResourceDefinition, Resources
from karmada.api.gvk import GroupVersionResource
from karmada.api.objects import Object, private_copy


@dataclass(frozen=True, slots=True)
class Versions:
    resources: Resources

    async def convert(
        self, obj: Object, source: GroupVersionResource, target: GroupVersionResource
    ) -> Object:
        """obj, given in source, as target has it. obj itself is not changed. Raises ApiError."""
        before, after = self.resources.lookup(*source), self.resources.lookup(*target)
        if before is None or after is None or before is after:
            return obj
        if before.remote is not None:
            converted = await before.remote.to_version(private_copy(obj), after.api_version)
        else:
            converted = _converted(private_copy(obj), before, after)
        after.schema.prune(converted)
        after.schema.default(converted)
        return converted


def _converted(obj: Object, before: ResourceDefinition, after: ResourceDefinition) -> Object:
    if before.conversion is not None:
        obj = before.conversion.to_storage(obj)
    if after.conversion is not None:
        obj = after.conversion.from_storage(obj)
    return {**obj, "apiVersion": after.api_version, "kind": after.served.kind}
