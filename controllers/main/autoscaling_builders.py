"""Builders of what scales templates. See builders.py."""

from controllers.autoscaling.cron_controller import CronScalingController
from controllers.autoscaling.scale_target import ScaleTargets
from controllers.main.plane import Plane
from karmada.api.groups.autoscaling import CRON_FEDERATED_HPAS
from karmada.runtime.clock import home_zone

CRON_WORKERS = 3


async def cron_scaling(plane: Plane) -> None:
    controller = CronScalingController(
        autoscalers=plane.informers.ensure(CRON_FEDERATED_HPAS, needed=False),
        targets=ScaleTargets(templates=plane.templates, client=plane.client),
        client=plane.client,
        recorder=plane.recorder(CronScalingController.name),
        clock=plane.clock,
        home=home_zone(),
    )
    plane.add(controller, workers=CRON_WORKERS)
