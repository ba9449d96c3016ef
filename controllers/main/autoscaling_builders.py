"""Builders of what scales templates. See builders.py."""

from typing import Final

from controllers.autoscaling.cron_controller import CronScalingController
from controllers.autoscaling.federated_controller import FederatedScalingController
from controllers.autoscaling.federation import Federations
from controllers.autoscaling.metrics import Metrics
from controllers.autoscaling.proposals import Proposals
from controllers.autoscaling.replicas import Settings
from controllers.autoscaling.scale_target import ScaleTargets
from controllers.main.plane import Plane
from karmada.api.groups.autoscaling import CRON_FEDERATED_HPAS, FEDERATED_HPAS
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.runtime.clock import home_zone

WORKERS: Final = 3


async def cron_scaling(plane: Plane) -> None:
    controller = CronScalingController(
        autoscalers=plane.informers.ensure(CRON_FEDERATED_HPAS, needed=False),
        targets=ScaleTargets(templates=plane.templates, client=plane.client),
        client=plane.client,
        recorder=plane.recorder(CronScalingController.name),
        clock=plane.clock,
        home=home_zone(),
    )
    plane.add(controller, workers=WORKERS)


async def federated_scaling(plane: Plane) -> None:
    targets = ScaleTargets(templates=plane.templates, client=plane.client)
    controller = FederatedScalingController(
        autoscalers=plane.informers.ensure(FEDERATED_HPAS, needed=False),
        federations=Federations(
            targets=targets,
            bindings=plane.informers.ensure(RESOURCE_BINDINGS),
            clusters=plane.informers.ensure(CLUSTERS),
            members=plane.members,
            client=plane.client,
        ),
        proposals=Proposals(metrics=Metrics(plane.client), targets=targets, settings=Settings()),
        targets=targets,
        client=plane.client,
        recorder=plane.recorder(FederatedScalingController.name),
        clock=plane.clock,
    )
    plane.add(controller, workers=WORKERS)
