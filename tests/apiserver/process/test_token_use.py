"""A token that a Secret holds leaves the day of its use there, and no more than one write a day."""

import asyncio
import base64
from dataclasses import replace

from controllers.kube.token_secrets import TokenSecretController
from karmada.api.groups.kubernetes import SECRETS, SERVICE_ACCOUNTS
from karmada.api.objects import Object, labels_of
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.runtime.clock import SYSTEM_CLOCK
from karmada.runtime.controller import run_controller
from tests.controllers.detector.plane import eventually, plane

LABEL = "kubernetes.io/legacy-token-last-used"


async def test_the_day_of_use_is_noted_once() -> None:
    async with plane() as user, Informers(user.client) as informers, asyncio.TaskGroup() as group:
        controller = TokenSecretController(
            secrets=informers.ensure(SECRETS),
            service_accounts=informers.ensure(SERVICE_ACCOUNTS),
            client=user.client,
            root_ca="",
        )
        running = group.create_task(run_controller(controller, workers=1), name="token secrets")
        await user.namespaces("shop")
        await user.create(SERVICE_ACCOUNTS, {"metadata": {"name": "robot", "namespace": "shop"}})
        annotations = {"kubernetes.io/service-account.name": "robot"}
        metadata = {"name": "held", "namespace": "shop", "annotations": annotations}
        kind = {"type": "kubernetes.io/service-account-token"}
        await user.create(SECRETS, {"metadata": metadata, **kind})

        async def filled() -> Object | None:
            secret = await user.get(SECRETS, "shop", "held")
            return secret if (secret.get("data") or {}).get("token") else None

        secret = await eventually(filled, "the Secret has its token")
        assert secret is not None
        assert LABEL not in labels_of(secret)
        token = secret["data"]["token"]
        await use(user.client, token)
        noted = await user.get(SECRETS, "shop", "held")
        assert labels_of(noted)[LABEL] == SYSTEM_CLOCK.now().date().isoformat()
        await use(user.client, token)
        assert await user.get(SECRETS, "shop", "held") == noted
        running.cancel()


async def use(plane: Client, encoded: str) -> None:
    access = replace(
        plane.access, client_certificate=None, client_key=None, token=base64.b64decode(encoded).decode()
    )
    async with Client(access) as robot:
        groups = (await robot.request("GET", "/apis")).json()
    assert groups["kind"] == "APIGroupList"
