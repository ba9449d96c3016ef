"""Estimators of a local control plane, where they are wanted: one per member, and the descheduler.

In: settings with a port per estimator. Out: processes, and a Service per member that says where its estimator
is, as it would in a real installation.
"""

from collections.abc import Sequence
from typing import Final

from karmada.api.groups.kubernetes import NAMESPACES, SERVICES
from karmada.api.objects import Object
from karmada.cli.local.layout import LOOPBACK, Layout, Settings
from karmada.cli.local.processes import Processes, ProcessSpec
from karmada.client.client import Client
from karmada.client.system_objects import ensure

ESTIMATOR: Final = "karmada-scheduler-estimator"
DESCHEDULER: Final = "karmada-descheduler"
SYSTEM_NAMESPACE: Final = "karmada-system"
SERVICE_PORT: Final = 10352
ASKING: Final = "--enable-scheduler-estimator"


def estimator_name(member: str) -> str:
    return f"{ESTIMATOR}-{member}"


def estimator_ports(members: Sequence[str]) -> tuple[str, ...]:
    """Names of the ports that the estimators of these members, and the descheduler, listen on."""
    return (*map(estimator_name, members), DESCHEDULER) if members else ()


def are_wanted(settings: Settings) -> bool:
    return DESCHEDULER in settings.ports


def specs(layout: Layout, settings: Settings) -> list[ProcessSpec]:
    """The processes; none where estimators are not wanted."""
    if not are_wanted(settings):
        return []
    estimators = [
        ProcessSpec(
            estimator_name(member),
            "scheduler.member",
            (
                f"--kubeconfig={layout.member_kubeconfig(member)}",
                f"--cluster-name={member}",
                f"--server-port={settings.ports[estimator_name(member)]}",
                "--health-probe-bind-address=0",
                "--metrics-bind-address=0",
                *settings.flags_of(ESTIMATOR),
            ),
        )
        for member in settings.members
    ]
    address = f"{LOOPBACK}:{settings.ports[DESCHEDULER]}"
    descheduler = ProcessSpec(
        DESCHEDULER,
        "scheduler.descheduler",
        (
            f"--kubeconfig={layout.pki / 'scheduler.kubeconfig'}",
            f"--health-probe-bind-address={address}",
            f"--metrics-bind-address={address}",
            f"--leader-elect-identity={layout.identity}",
            *settings.flags_of(DESCHEDULER),
        ),
    )
    return [*estimators, descheduler]


async def estimators_up(
    client: Client, layout: Layout, settings: Settings, processes: Processes
) -> list[str]:
    """Start what is wanted, stop what is not any more; the names of what runs."""
    wanted = specs(layout, settings)
    names = [spec.name for spec in wanted]
    for name in processes.names():
        if name.startswith((f"{ESTIMATOR}-", DESCHEDULER)) and name not in names:
            processes.stop(name)
    if wanted:
        await ensure(client, NAMESPACES, {"metadata": {"name": SYSTEM_NAMESPACE}})
        for member in settings.members:
            wanted_service = service(member, settings.ports[estimator_name(member)])
            if not await ensure(client, SERVICES, wanted_service):  # it may have had another port
                key = SERVICES.key_of(wanted_service)
                await client.patch(SERVICES, key, {"spec": wanted_service["spec"]})
    for spec in wanted:
        processes.start(spec)
    return names


def service(member: str, port: int) -> Object:
    """Where schedulers look for the estimator of a member."""
    return {
        "metadata": {"name": estimator_name(member), "namespace": SYSTEM_NAMESPACE},
        "spec": {
            "type": "ExternalName",
            "externalName": "localhost",
            "ports": [{"port": SERVICE_PORT, "targetPort": port, "protocol": "TCP"}],
        },
    }
