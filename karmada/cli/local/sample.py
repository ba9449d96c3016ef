"""The nginx sample: create it, wait until it runs, and show where.

Runs in a namespace of its own, so that the README's walk through samples/nginx finds `default` empty.
"""

from collections.abc import Sequence
from pathlib import Path

from karmada.api.codec import loads_yaml
from karmada.api.errors import AlreadyExists
from karmada.api.groups.kubernetes import DEPLOYMENTS, NAMESPACES
from karmada.api.groups.policy import PROPAGATION_POLICIES
from karmada.api.objects import Object, with_metadata
from karmada.cli.local.layout import LocalError
from karmada.client.client import Client
from karmada.runtime.clock import SYSTEM_CLOCK

SAMPLE_NAMESPACE = "quickstart"
SAMPLE_FOLDER = Path(__file__).parents[3] / "samples" / "nginx"
RUN_SECONDS = 30.0
POLL_SECONDS = 0.05


async def run_sample(client: Client, *, clusters: Sequence[str]) -> None:
    """Create what is missing, then wait until every replica is ready. Raises LocalError when it does not
    run."""
    await _ensure_namespace(client)
    deployment = _read("deployment.yaml")
    policy = _read("propagationpolicy.yaml")
    for create in (
        client.create(PROPAGATION_POLICIES, PROPAGATION_POLICIES.decode(policy)),
        client.create(DEPLOYMENTS, deployment),
    ):
        try:
            await create
        except AlreadyExists:
            continue
    deadline = SYSTEM_CLOCK.monotonic() + RUN_SECONDS
    while not _is_ready(await client.get(DEPLOYMENTS, DEPLOYMENTS.key_of(deployment))):
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise LocalError(
                f"the sample is not ready after {RUN_SECONDS:.0f} s; "
                f"`kubectl -n {SAMPLE_NAMESPACE} describe rb nginx-deployment` tells what it waits for"
            )
        await SYSTEM_CLOCK.sleep(POLL_SECONDS)


async def _ensure_namespace(client: Client) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SAMPLE_NAMESPACE}}
    try:
        await client.create(NAMESPACES, namespace)
    except AlreadyExists:
        return


def _is_ready(deployment: Object) -> bool:
    wanted = deployment["spec"].get("replicas", 1)
    return bool((deployment.get("status") or {}).get("readyReplicas", 0) == wanted)


def _read(name: str) -> Object:
    path = SAMPLE_FOLDER / name
    try:
        text = path.read_bytes()
    except OSError as error:
        raise LocalError(f"the sample {path} cannot be read: {error.strerror}") from error
    return with_metadata(loads_yaml(text), namespace=SAMPLE_NAMESPACE)
