"""One more embedded cluster: start it, write its context; or stop it and delete its data.

What hack/create-cluster.sh and hack/delete-cluster.sh do where no container engine is at hand. Its state
lives in a folder beside the kubeconfig, named after the cluster. It is not joined: `karmadactl join` does
that, as for any other cluster.
"""

import shutil
from pathlib import Path

from karmada.cli.local.contexts import context_names, remove_context, write_contexts
from karmada.cli.local.layout import Layout, LocalError, Settings, free_ports
from karmada.cli.local.processes import Processes
from karmada.cli.local.up import SIMULATOR, simulator_spec, started
from karmada.cli.printers import Console
from karmada.client.kubeconfig import Access, load_kubeconfig
from karmada.client.registration import require_cluster_name


async def add_cluster(name: str, kubeconfig: Path, console: Console) -> None:
    """Start cluster name and add its context. Raises LocalError when the context exists."""
    require_cluster_name(name)
    if name in context_names(kubeconfig):
        raise LocalError(
            f"context {name} already exists in {kubeconfig}; choose another name or delete it first"
        )
    layout = _layout(name, kubeconfig)
    layout.prepare()
    settings = _settings(layout, name)
    layout.save(settings)
    processes = Processes(layout)
    processes.start(simulator_spec(layout, settings))

    def access() -> Access:
        return load_kubeconfig(layout.member_kubeconfig(name))

    found = await started(processes, SIMULATOR, access)
    write_contexts(kubeconfig, {name: found}, keep=True)
    console.line(f'cluster "{name}" is created successfully!')
    console.line(f"kubectl cluster-info --kubeconfig={kubeconfig} --context={name}")


async def remove_cluster(name: str, kubeconfig: Path, console: Console) -> None:
    """Stop cluster name, delete its data and its context."""
    layout = _layout(name, kubeconfig)
    if not layout.state.exists():
        raise LocalError(f"no embedded cluster {name} beside {kubeconfig}")
    Processes(layout).stop(SIMULATOR)
    shutil.rmtree(layout.state)
    remove_context(kubeconfig, name)
    console.line(f'cluster "{name}" is deleted')


def _layout(name: str, kubeconfig: Path) -> Layout:
    return Layout(kubeconfig.absolute().parent / f"{name}.cluster")


def _settings(layout: Layout, name: str) -> Settings:
    """A simulator that hosts this one cluster; its port is kept over restarts."""
    before = layout.load()
    return before or Settings(port=0, storage="", members={name: free_ports(1)[0]})
