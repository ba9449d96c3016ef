"""The process: register the member, then run what serves it, until it ends.

In: options, an Access to each side. Out: an exit code. When the kubeconfig of the control plane changes, as
it does when its certificate is renewed, everything is begun anew with what it says then.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from controllers import member_stages
from controllers.agent.options import NAME, AgentOptions
from controllers.agent.registration import register_member
from controllers.certificates.rotation import CertificateRotation
from controllers.cluster.heartbeat import Heartbeat
from controllers.manager import Manager, run_all
from controllers.members import Members
from karmada.api.errors import ApiError
from karmada.api.groups.cluster import CLUSTERS, PULL, Cluster
from karmada.api.groups.work import WORKS
from karmada.api.names import execution_namespace
from karmada.client.client import Client
from karmada.client.informer import Informer, Informers
from karmada.client.kubeconfig import Access
from karmada.client.mapper import Mapper
from karmada.client.process import Process, control_plane_process, process_main
from karmada.client.registration import RegistrationError
from karmada.interpreter.configured import configured_interpreter
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import StartError
from karmada.runtime.tasks import spawn

log = logging.getLogger(__name__)

RELOAD_SECONDS: Final = 2.0
"""How often the kubeconfig of the control plane is looked at."""
GIVEN_SECONDS: Final = 0.05
"""How often it is looked for while it is not there yet."""
REGISTER_SECONDS: Final = 2.0
"""Pause before a registration that failed is tried again."""


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    description = "Registers its cluster in pull mode, brings Works to it and their status back."
    return process_main(AgentOptions, run, argv, name=NAME, description=description)


async def run(options: AgentOptions, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Run until cancelled; an agent that lost its leadership begins anew. Raises StartError."""
    options.check()
    while True:
        await _until_given(options, clock)
        access = options.access()
        serving = spawn(_serve(options, access, clock), name="agent")
        reloading = spawn(_until_changed(options, access, clock), name="kubeconfig")
        try:
            await asyncio.wait({serving, reloading}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                # Leadership goes when the control plane is away for long; nobody may be there to start us.
                log.info("starting anew", extra={"exit_code": serving.result()})
            else:
                log.info("kubeconfig of the control plane changed: starting anew")
        finally:
            serving.cancel()
            reloading.cancel()
            await asyncio.wait({serving, reloading})


async def _until_given(options: AgentOptions, clock: Clock) -> None:
    """A machine may start its agent before it is registered."""
    if options.is_registered:
        return
    path = options.karmada_kubeconfig
    log.warning("kubeconfig of the control plane is not there yet", extra={"path": path})
    while not options.is_registered:
        await clock.sleep(GIVEN_SECONDS)


async def _until_changed(options: AgentOptions, access: Access, clock: Clock) -> None:
    """Until the kubeconfig says something else. One that cannot be read is taken for half written."""
    while True:
        await clock.sleep(RELOAD_SECONDS)
        try:
            if options.access() != access:
                return
        except StartError as error:
            log.warning("kubeconfig of the control plane cannot be read", extra={"error": str(error)})


async def _serve(options: AgentOptions, access: Access, clock: Clock) -> int:
    own = options.member_access()
    lease = options.lease_name or f"{NAME}-{options.cluster_name}"
    options = replace(options, lease_name=lease)
    async with (
        control_plane_process(options, name=NAME, access=access, clock=clock) as process,
        Client(own, user_agent=NAME, clock=clock) as member,
    ):
        process.health.ready["registration"] = lambda: "the member is not registered yet"
        await _register(options, process, member, own, clock)
        del process.health.ready["registration"]
        manager = await _assembled(options, process, own, clock)
        await _add_stages(options, manager, member)
        process.await_caches([*manager.informers.all()])
        await manager.informers.wait_synced()
        return await process.lead(partial(run_all, manager))


async def _register(
    options: AgentOptions, process: Process, member: Client, own: Access, clock: Clock
) -> None:
    """Until it is done; a side that cannot be reached yet is waited for. Raises StartError."""
    reported = ""
    unfenced = Client(process.access, user_agent=NAME, clock=clock)  # it does the same whoever leads
    async with unfenced as plane:
        while True:
            try:
                await register_member(plane, member, own, options.registration)
            except RegistrationError as error:
                raise StartError(str(error)) from error
            except ApiError as error:
                if str(error) != reported:
                    reported = str(error)
                    log.warning("member cannot be registered yet", extra={"error": reported})
                await clock.sleep(REGISTER_SECONDS)
            else:
                return


async def _assembled(options: AgentOptions, process: Process, own: Access, clock: Clock) -> Manager:
    """What the stages are made from, no wider than the agent's rights: its Cluster, its execution
    namespace."""
    client, stack = process.client, process.stack
    name = options.cluster_name
    informers = await stack.enter_async_context(Informers(client, namespace=execution_namespace(name)))
    clusters = informers.adopt(
        Informer(client, CLUSTERS, field_selector=f"metadata.name={name}", clock=clock)
    )
    members = await stack.enter_async_context(
        Members(
            clusters=clusters,
            plane=client,
            options=options.members,
            user_agent=NAME,
            fence=process.fence,
            own=own,
            clock=clock,
        )
    )
    return Manager(
        clock=clock,
        client=client,
        informers=informers,
        mapper=Mapper(client, clock=clock),
        work_informer=informers.ensure(WORKS),
        members=members,
        interpreter=await stack.enter_async_context(configured_interpreter(informers, client, clock=clock)),
        gates=options.feature_gates,
        stack=stack,
    )


async def _add_stages(options: AgentOptions, manager: Manager, member: Client) -> None:
    def is_ours(cluster: Cluster) -> bool:
        return cluster.metadata.name == options.cluster_name

    if options.runs("clusterStatus"):
        heartbeat = await manager.stack.enter_async_context(
            Heartbeat(client=manager.client, options=options.heartbeat, clock=manager.clock)
        )
        await member_stages.cluster_status(
            manager, options.cluster_status, serves=is_ours, heartbeat=heartbeat
        )
    if options.runs("execution"):
        await member_stages.execution(manager, workers=options.concurrent_work_syncs, sync_mode=PULL)
    if options.runs("workStatus"):
        await member_stages.work_status(manager, workers=options.concurrent_work_syncs)
    if options.runs("certRotation"):
        rotation = CertificateRotation(
            clusters=manager.informers.ensure(CLUSTERS),
            plane=manager.client,
            member=member,
            options=options.rotation,
            kubeconfig=options.karmada_kubeconfig,
            clock=manager.clock,
        )
        manager.add(rotation, workers=1)
