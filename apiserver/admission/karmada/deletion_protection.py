"""Deletion protection: an object whose label says Always is not deleted, whatever its kind."""

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.karmada.refusals import denied
from karmada.api.objects import Object, labels_of
from karmada.api.wellknown import DELETION_PROTECTION_ALWAYS, DELETION_PROTECTION_LABEL


class DeletionProtection(Plugin):
    """Asked for every object of a collection that is deleted, too."""

    name = "resourcedeletionprotection"

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return context.operation == "DELETE" and not context.subresource

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        if context.old is None:
            return
        if context.resource.group in ("cluster.karmada.io", "search.karmada.io"):
            return  # their servers have no admission of this sort
        if labels_of(context.old).get(DELETION_PROTECTION_LABEL) == DELETION_PROTECTION_ALWAYS:
            raise denied(
                self.name,
                "This resource is protected, please make sure to remove the label: "
                + DELETION_PROTECTION_LABEL,
            )
