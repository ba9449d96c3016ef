"""Builders of what keeps FederatedResourceQuotas. See builders.py."""

from controllers.main.plane import Plane
from controllers.quota.enforcement import QuotaEnforcementController
from controllers.quota.status import QuotaStatusController
from controllers.quota.sync import QuotaSyncController
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.groups.policy import FEDERATED_RESOURCE_QUOTAS
from karmada.api.groups.work import RESOURCE_BINDINGS


async def quota_sync(plane: Plane) -> None:
    controller = QuotaSyncController(
        quotas=plane.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
        clusters=plane.informers.ensure(CLUSTERS),
        namespaces=plane.informers.ensure(NAMESPACES),
        works=plane.works,
        recorder=plane.recorder(QuotaSyncController.name),
    )
    plane.add(controller, workers=1)


async def quota_status(plane: Plane) -> None:
    controller = QuotaStatusController(
        quotas=plane.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
        works=plane.works,
        client=plane.client,
        recorder=plane.recorder(QuotaStatusController.name),
        enforced=plane.gate("FederatedQuotaEnforcement"),
    )
    plane.add(controller, workers=1)


async def quota_enforcement(plane: Plane) -> None:
    if not plane.gate("FederatedQuotaEnforcement"):
        return
    controller = QuotaEnforcementController(
        quotas=plane.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
        bindings=plane.informers.ensure(RESOURCE_BINDINGS),
        client=plane.client,
        recorder=plane.recorder(QuotaEnforcementController.name),
        options=plane.options.quota,
    )
    plane.add(controller, workers=1)
