"""Replicas are set through the scale subresource, and only when they differ."""

from collections.abc import AsyncIterator

import pytest

from controllers.autoscaling.scale_target import ScaleTargets
from controllers.templates import Templates
from karmada.api.errors import NotFound
from karmada.api.groups.autoscaling import CrossVersionObjectReference
from karmada.api.groups.kubernetes import DEPLOYMENTS
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from tests.controllers.autoscaling.test_cron_controller import deployment
from tests.controllers.detector.plane import Plane, plane

WEB = CrossVersionObjectReference(api_version="apps/v1", kind="Deployment", name="web")


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as user:
        await user.namespaces("shop")
        yield user


async def test_equal_replicas_are_not_written_again(user: Plane) -> None:
    await user.create(DEPLOYMENTS, deployment())
    async with Informers(user.client) as informers:
        templates = Templates(informers=informers, client=user.client, mapper=Mapper(user.client))
        targets = ScaleTargets(templates=templates, client=user.client)
        await targets.set_replicas(WEB, "shop", 4)
        versions = await user.versions(DEPLOYMENTS)
        await targets.set_replicas(WEB, "shop", 4)
        assert await user.versions(DEPLOYMENTS) == versions
        assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 4
        with pytest.raises(NotFound, match='no matches for kind "Nothing"'):
            await targets.set_replicas(WEB.model_copy(update={"kind": "Nothing"}), "shop", 4)
