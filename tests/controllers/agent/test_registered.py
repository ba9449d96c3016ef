"""An agent that was registered with nothing but a token: what it may do, and how it stays in."""

from asyncio import timeout as asyncio_timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509

from apiserver.app import ServerOptions, serve
from controllers.agent import AgentOptions, run
from controllers.certificates.rotation import RotationOptions, certificate_of, current_user
from controllers.kube.certificate_signing import SigningOptions
from karmada.api.errors import ApiError, Forbidden
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import (
    CERTIFICATE_SIGNING_REQUESTS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    LEASES,
    NAMESPACES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
)
from karmada.api.groups.work import RESOURCE_BINDINGS, WORKS
from karmada.api.objects import Object
from karmada.cli.pull.bootstrap import AlreadyRegistered, Bootstrap, bootstrap_agent
from karmada.cli.pull.member_objects import AgentPlan, kubeconfig_objects
from karmada.cli.pull.rights import agent_rights
from karmada.cli.tokens import token_secret
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, access_from
from karmada.client.kubeconfig_file import (
    kubeconfig_text,
    parse_kubeconfig,
    read_kubeconfig,
    write_kubeconfig,
)
from karmada.client.member import secret_value
from karmada.client.system_objects import ensure
from karmada.runtime.clock import SYSTEM_CLOCK
from tests.controllers.agent.test_process import options
from tests.controllers.cluster.live import Plane, background, eventually, manager, member

TOKEN = "abcdef.0123456789abcdef"


def token_of(token: str) -> Object:
    """The Secret of a token for agents."""
    groups = ("system:bootstrappers:karmada:default-cluster-token",)
    return token_secret(
        token,
        usages=("signing", "authentication"),
        groups=groups,
        description="",
        ttl_seconds=0,
        now=SYSTEM_CLOCK.now(),
    )


@dataclass(frozen=True)
class Registered:
    """far is registered; near is another cluster, whose affairs are none of its agent's."""

    plane: Plane
    kubeconfig: Object

    @property
    def access(self) -> Access:
        return access_from(self.kubeconfig)

    def wanted(self, cluster: str) -> Bootstrap:
        access = replace(self.plane.access, token=TOKEN, client_certificate=None, client_key=None)
        return Bootstrap(access, cluster, "karmada-cluster", 3600)


@asynccontextmanager
async def registered(folder: Path) -> AsyncIterator[Registered]:
    pki = folder / "pki"
    signing = SigningOptions(str(pki / "ca.crt"), str(pki / "ca.key"))
    async with (
        serve(ServerOptions(certificate_directory=str(pki))) as server,
        Client(server.access, user_agent="user") as client,
    ):
        plane = Plane(server.access, client)
        async with manager(plane, signing=signing):
            await plane.create(SECRETS, token_of(TOKEN))
            before = Registered(plane, {})
            kubeconfig = await bootstrap_agent(before.wanted("far"), lambda _: None)
            await plane.create(CLUSTERS, {"metadata": {"name": "near"}, "spec": {"syncMode": "Pull"}})
            await eventually(lambda: es_namespace(plane, "near"), "near has room for Works")
            yield Registered(plane, kubeconfig)


async def es_namespace(plane: Plane, cluster: str) -> Object:
    return await plane.client.get(NAMESPACES, NAMESPACES.key("", f"karmada-es-{cluster}"))


async def test_an_agent_may_do_its_work_and_nothing_beyond(tmp_path: Path) -> None:
    async with registered(tmp_path) as world, Client(world.access) as agent:
        await world.plane.create(
            SECRETS,
            {"metadata": {"name": "near", "namespace": "karmada-cluster"}, "stringData": {"token": "t"}},
        )
        await world.plane.create(
            LEASES, {"metadata": {"name": "near", "namespace": "karmada-cluster"}, "spec": {}}
        )
        await agent.list(WORKS, namespace="karmada-es-far")
        await agent.list(CLUSTERS)
        refused = {
            "Works of another member": agent.list(WORKS, namespace="karmada-es-near"),
            "all Works": agent.list(WORKS),
            "bindings": agent.list(RESOURCE_BINDINGS),
            "the credentials of another member": agent.get(SECRETS, SECRETS.key("karmada-cluster", "near")),
            "all Secrets of members": agent.list(SECRETS, namespace="karmada-cluster"),
            "Secrets of users": agent.list(SECRETS, namespace="default"),
            "another Cluster": agent.delete(CLUSTERS, CLUSTERS.key("", "near")),
            "taints of its own": agent.patch(CLUSTERS, CLUSTERS.key("", "far"), {"spec": {"taints": []}}),
            "the status of another": agent.patch(
                CLUSTERS, CLUSTERS.key("", "near"), {"status": {}}, subresource="status"
            ),
            "the heartbeat of another": agent.get(LEASES, LEASES.key("karmada-cluster", "near")),
            "leadership of the control plane": agent.get(
                LEASES, LEASES.key("karmada-system", "karmada-controller-manager")
            ),
            "templates": agent.list(CONFIG_MAPS, namespace="default"),
            "more rights": agent.create(CLUSTER_ROLES, {"metadata": {"name": "more"}, "rules": []}),
            "a namespace": agent.create(NAMESPACES, {"metadata": {"name": "mine"}}),
            "approval of certificates": agent.list(CERTIFICATE_SIGNING_REQUESTS),
        }
        allowed = []
        for what, request in refused.items():
            try:
                await request
            except Forbidden:
                continue
            except ApiError as error:
                allowed.append(f"{what}: {error.reason}")
            else:
                allowed.append(what)
        assert allowed == []


async def test_an_agent_cannot_get_the_certificate_of_another(tmp_path: Path) -> None:
    async with registered(tmp_path) as world:
        as_agent = replace(world.wanted("near"), access=world.access)
        with pytest.raises((ApiError, AlreadyRegistered, TimeoutError)):
            async with asyncio_timeout(2):
                await bootstrap_agent(as_agent, lambda _: None)
        requests = (await world.plane.client.list(CERTIFICATE_SIGNING_REQUESTS)).items
        others = [
            item for item in requests if item["spec"]["username"].startswith("system:karmada:agent:far")
        ]
        assert all(not (item.get("status") or {}).get("certificate") for item in others)


async def test_a_name_is_given_once_and_rights_are_taken_back_when_it_fails(tmp_path: Path) -> None:
    async with registered(tmp_path) as world:
        with pytest.raises(AlreadyRegistered, match="with name near already exists"):
            await bootstrap_agent(world.wanted("near"), lambda _: None)
        for resource, obj in agent_rights("near", namespace="karmada-cluster"):
            listed = await world.plane.client.list(resource, namespace=obj["metadata"].get("namespace", ""))
            assert obj["metadata"]["name"] not in {item["metadata"]["name"] for item in listed.items}
        for resource in (ROLES, ROLE_BINDINGS):
            made = (await world.plane.client.list(resource, namespace="karmada-es-far")).items
            assert [item["metadata"]["name"] for item in made] == ["system:karmada:far:agent-work"]


async def test_a_certificate_is_renewed_and_the_agent_goes_on_with_the_new_one(tmp_path: Path) -> None:
    async with registered(tmp_path) as world, member(tmp_path, "far") as far:
        plan = AgentPlan(cluster="far")
        for resource, obj in kubeconfig_objects(plan, kubeconfig_text(world.kubeconfig)):
            await ensure(far.client, resource, obj)
        chosen = options(
            tmp_path,
            world.plane.access,
            far.access,
            controllers=("*", "certRotation"),
            rotation=RotationOptions(threshold=2.0),
        )
        path = Path(chosen.karmada_kubeconfig)
        write_kubeconfig(path, world.kubeconfig)
        first = leaf(world.kubeconfig)
        async with background(run(chosen), "agent"):
            await world.plane.until_ready("far")

            async def renewed() -> Object | None:
                secret = await far.client.get(SECRETS, SECRETS.key("karmada-system", "karmada-kubeconfig"))
                text = (secret_value(secret, "karmada-kubeconfig") or b"").decode()
                config = parse_kubeconfig(text, origin="the Secret")
                return config if leaf(config) != first and read_kubeconfig(path) == config else None

            found = await eventually(renewed, "its certificate is renewed")
            assert found is not None
            assert leaf(found).subject == first.subject
            assert found["clusters"] == world.kubeconfig["clusters"]
            await eventually(lambda: second_life(world.plane), "the agent began anew with it")
        assert isinstance(chosen, AgentOptions)


async def second_life(plane: Plane) -> bool:
    """Its lease passed on from one client to the next."""
    lease = await plane.client.get(LEASES, LEASES.key("karmada-system", "karmada-agent-far"))
    return int(lease["spec"].get("leaseTransitions") or 0) >= 1


def leaf(config: Object) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate_of(config, current_user(config)))
