"""A quota in a member: counted by its controller, charged by its API server, never exceeded by both."""

import asyncio
from pathlib import Path

from karmada.api.errors import Forbidden
from karmada.api.groups.kubernetes import CONFIG_MAPS, RESOURCE_QUOTAS
from karmada.api.objects import Object, name_of
from tests.controllers.simulator.live import Cluster, cluster, eventually


async def made(member: Cluster, name: str) -> bool:
    metadata = {"name": name, "namespace": "default"}
    try:
        await member.client.create(
            CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        )
    except Forbidden:
        return False
    return True


async def used(member: Cluster) -> str:
    status: Object = (await member.get(RESOURCE_QUOTAS, "q")).get("status") or {}
    return str((status.get("used") or {}).get("configmaps"))


async def test_creates_and_deletes_at_once_never_leave_more_than_there_may_be(tmp_path: Path) -> None:
    async with cluster(tmp_path) as member:
        there = len((await member.client.list(CONFIG_MAPS, namespace="default")).items)
        await member.create(RESOURCE_QUOTAS, "q", hard={"configmaps": str(there + 5)})

        async def counted() -> bool:
            return (await used(member)).isdigit()

        await eventually(counted, lambda: "the quota is counted")
        for wave in range(3):
            outcomes = await asyncio.gather(*(made(member, f"w{wave}-{n}") for n in range(30)))
            found = (await member.client.list(CONFIG_MAPS, namespace="default")).items
            assert len(found) <= there + 5
            assert sum(outcomes) <= 5
            for obj in found:
                if name_of(obj).startswith("w"):
                    await member.delete(CONFIG_MAPS, name_of(obj))

            async def given_back() -> bool:
                return int(await used(member)) <= there

            await eventually(given_back, lambda: "deleted objects are given back")
        assert await made(member, "last")
        assert not all([await made(member, f"x{number}") for number in range(6)])
