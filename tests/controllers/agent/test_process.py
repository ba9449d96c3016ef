"""The whole agent against a real control plane and a real member."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controllers.agent import AgentOptions, run
from controllers.cluster.heartbeat import HeartbeatOptions
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CONFIG_MAPS, EVENTS, LEASES, NAMESPACES, SECRETS
from karmada.api.groups.work import WORKS
from karmada.client.kubeconfig import Access
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from karmada.client.leases import LeaderElectionOptions
from karmada.runtime.observe import StartError
from tests.controllers.cluster.live import (
    QUICK,
    Member,
    Plane,
    background,
    control_plane,
    eventually,
    manager,
    member,
)

ELECTION = LeaderElectionOptions(lease_seconds=3.0, renew_seconds=2.0, retry_seconds=0.2)


def kubeconfig(path: Path, access: Access) -> str:
    config = with_context(
        new_kubeconfig(),
        context="it",
        cluster="it",
        user="it",
        server=access.server,
        ca_data=access.ca_data,
        client_certificate=access.client_certificate,
        client_key=access.client_key,
        token=access.token,
    )
    write_kubeconfig(path, config)
    return str(path)


def options(folder: Path, plane: Access, target: Access, name: str = "far", **fields: Any) -> AgentOptions:
    made = AgentOptions(
        kubeconfig=kubeconfig(folder / f"{name}.member", target),
        karmada_kubeconfig=kubeconfig(folder / f"{name}.plane", plane),
        cluster_name=name,
        health_probe_bind_address="0",
        metrics_bind_address="0",
        election=ELECTION,
        cluster_status=QUICK,
        heartbeat=HeartbeatOptions(lease_seconds=1.0),
    )
    return replace(made, **fields)


@asynccontextmanager
async def pulled(folder: Path) -> AsyncIterator[tuple[Plane, Member]]:
    async with control_plane() as plane, manager(plane), member(folder, "far") as far:
        yield plane, far


@asynccontextmanager
async def agent(folder: Path, plane: Plane, far: Member) -> AsyncIterator[None]:
    """Running, and its cluster is Ready."""
    async with background(run(options(folder, plane.access, far.access)), "agent"):
        await plane.until_ready("far")
        yield


def work(name: str, data: dict[str, str]) -> dict[str, Any]:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"karmada.io/managed": "true"},
            "annotations": {"work.karmada.io/namespace": "karmada-es-far", "work.karmada.io/name": name},
        },
        "data": data,
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "karmada-es-far",
            "finalizers": ["karmada.io/execution-controller"],
        },
        "spec": {"workload": {"manifests": [manifest]}},
    }


async def test_an_agent_makes_its_member_known_and_serves_it(tmp_path: Path) -> None:
    async with pulled(tmp_path) as (plane, far), agent(tmp_path, plane, far):
        cluster = await plane.cluster("far")
        assert (cluster.spec.sync_mode, cluster.spec.api_endpoint) == ("Pull", far.access.server)
        assert cluster.spec.secret_ref is not None
        secrets = (await plane.client.list(SECRETS, namespace="karmada-cluster")).items
        assert {item["metadata"]["name"] for item in secrets} == {"far", "far-impersonator"}
        assert all(item["metadata"]["ownerReferences"][0]["name"] == "far" for item in secrets)
        lease = await plane.client.get(LEASES, LEASES.key("karmada-cluster", "far"))
        assert lease["spec"]["holderIdentity"] == "far"

        await plane.create(WORKS, work("colours", {"sky": "blue"}))
        colours = CONFIG_MAPS.key("default", "colours")
        await eventually(lambda: far.client.get(CONFIG_MAPS, colours), "the Work is applied")

        async def reflected() -> bool:
            found = await plane.client.get(WORKS, WORKS.key("karmada-es-far", "colours"))
            return bool(found.status.manifest_statuses)

        await eventually(reflected, "its status is read back")
        await plane.client.delete(WORKS, WORKS.key("karmada-es-far", "colours"))
        await plane.gone(WORKS, "karmada-es-far", "colours")
        await far_gone(far)


async def far_gone(far: Member) -> None:
    async def look() -> bool:
        found = (await far.client.list(CONFIG_MAPS, namespace="default")).items
        return all(item["metadata"]["name"] != "colours" for item in found)

    await eventually(look, "the object left the member")


async def test_a_restarted_agent_writes_nothing_but_its_leases(tmp_path: Path) -> None:
    async with pulled(tmp_path) as (plane, far):
        chosen = options(tmp_path, plane.access, far.access)
        async with background(run(chosen), "agent"):
            await plane.until_ready("far")
            await plane.create(WORKS, work("colours", {"sky": "blue"}))

            async def reflected() -> bool:
                found = await plane.client.get(WORKS, WORKS.key("karmada-es-far", "colours"))
                return bool(found.status.manifest_statuses) and bool(found.status.conditions)

            await eventually(reflected, "its status is read back")
            await asyncio.sleep(0.5)
        kinds = (CLUSTERS, WORKS, SECRETS, NAMESPACES, EVENTS)
        before = await plane.versions(*kinds)
        in_member = {
            item["metadata"]["name"]: item["metadata"]["resourceVersion"]
            for item in (await far.client.list(CONFIG_MAPS, namespace="default")).items
        }
        async with background(run(chosen), "agent"):
            lease = LEASES.key("karmada-system", "karmada-agent-far")

            async def leads() -> bool:
                return bool((await plane.client.get(LEASES, lease))["spec"]["holderIdentity"])

            await eventually(leads, "it leads")
            await asyncio.sleep(1.0)
        assert await plane.versions(*kinds) == before
        assert in_member == {
            item["metadata"]["name"]: item["metadata"]["resourceVersion"]
            for item in (await far.client.list(CONFIG_MAPS, namespace="default")).items
        }


async def test_a_member_is_registered_under_one_name(tmp_path: Path) -> None:
    async with pulled(tmp_path) as (plane, far):
        async with background(run(options(tmp_path, plane.access, far.access)), "agent"):
            await plane.until_ready("far")
        with pytest.raises(StartError, match="or the cluster name other has been registered: by cluster far"):
            await run(options(tmp_path, plane.access, far.access, "other"))


async def test_an_agent_reports_no_more_than_it_is_told_to(tmp_path: Path) -> None:
    async with pulled(tmp_path) as (plane, far):
        chosen = options(tmp_path, plane.access, far.access, report_secrets=("None",))
        async with background(run(chosen), "agent"):
            await plane.until_ready("far")
        cluster = await plane.cluster("far")
        assert (cluster.spec.secret_ref, cluster.spec.impersonator_secret_ref) == (None, None)
        assert (await plane.client.list(SECRETS, namespace="karmada-cluster")).items == []


async def test_an_agent_waits_until_it_is_registered(tmp_path: Path) -> None:
    async with pulled(tmp_path) as (plane, far):
        chosen = options(tmp_path, plane.access, far.access)
        os.rename(chosen.karmada_kubeconfig, tmp_path / "kept")
        async with background(run(chosen), "agent"):
            await asyncio.sleep(0.2)
            assert (await plane.client.list(CLUSTERS)).items == []
            os.rename(tmp_path / "kept", chosen.karmada_kubeconfig)
            await plane.until_ready("far")


async def test_an_agent_that_lost_its_leadership_begins_anew(tmp_path: Path) -> None:
    key = LEASES.key("karmada-system", "karmada-agent-far")
    async with pulled(tmp_path) as (plane, far), agent(tmp_path, plane, far):
        leader = (await plane.client.get(LEASES, key))["spec"]["holderIdentity"]
        thief = {"spec": {"holderIdentity": "thief", "leaseDurationSeconds": 1}}
        await plane.client.patch(LEASES, key, thief)

        async def leads_again() -> bool:
            return (await plane.client.get(LEASES, key))["spec"]["holderIdentity"] not in ("thief", leader)

        await eventually(leads_again, "it leads again")
        await plane.create(WORKS, work("colours", {"sky": "blue"}))
        colours = CONFIG_MAPS.key("default", "colours")
        await eventually(lambda: far.client.get(CONFIG_MAPS, colours), "and works")
