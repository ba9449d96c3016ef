"""karmada-scheduler-estimator: flags, TLS, caches of the member, the server.

In: argv and a kubeconfig of the member. Out: a process that answers schedulers and deschedulers. It serves
only once its caches are complete: before that it has nothing true to say.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
from typing_extensions import override

from karmada.client.kubeconfig import Access
from karmada.client.process import ProcessOptions, control_plane_process, process_main
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.gates import default_gates
from karmada.runtime.observe import StartError
from scheduler.member.service import EstimatorService, serve_estimator
from scheduler.member.state import MemberState

log = logging.getLogger(__name__)

NAME: Final = "karmada-scheduler-estimator"


@dataclass(frozen=True)
class EstimatorOptions(ProcessOptions):
    """The settings of karmada-scheduler-estimator."""

    kubeconfig: str = ""
    """--kubeconfig: kubeconfig of the member; without it $KUBECONFIG, ~/.kube/config, in-cluster."""

    health_probe_bind_address: str = ":10351"

    cluster_name: str = ""
    """--cluster-name: name of the member in the control plane; required."""

    server_port: int = 10352
    """--server-port: where questions are answered; 0 takes a free port."""

    grpc_auth_cert_file: str = ""
    """--grpc-auth-cert-file: serving certificate; without certificate and key there is no TLS."""

    grpc_auth_key_file: str = ""
    """--grpc-auth-key-file: key of the serving certificate."""

    grpc_client_ca_file: str = ""
    """--grpc-client-ca-file: CA whose client certificates are asked for."""

    insecure_skip_grpc_client_verify: bool = False
    """--insecure-skip-grpc-client-verify: answer clients without a certificate, too."""

    parallelism: int = 0
    """--parallelism: without effect; an answer is one quick step."""

    feature_gates: Mapping[str, bool] = field(default_factory=default_gates)
    """--feature-gates: features to turn on or off, as name=true,name=false."""

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        if not self.cluster_name:
            raise StartError("--cluster-name must not be empty")
        if not 0 <= self.server_port <= 65535:
            raise StartError(f"--server-port {self.server_port}: must be between 0 and 65535")
        if bool(self.grpc_auth_cert_file) != bool(self.grpc_auth_key_file):
            raise StartError("--grpc-auth-cert-file and --grpc-auth-key-file go together")
        if self.parallelism < 0:
            raise StartError(f"--parallelism {self.parallelism}: must not be negative")


def credentials_of(options: EstimatorOptions) -> grpc.ServerCredentials | None:
    """TLS as the flags ask for it; None: plain text. Raises StartError."""
    if not options.grpc_auth_cert_file:
        return None
    key, certificate = _read(options.grpc_auth_key_file), _read(options.grpc_auth_cert_file)
    ca = _read(options.grpc_client_ca_file) if options.grpc_client_ca_file else None
    return grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=ca,
        require_client_auth=ca is not None and not options.insecure_skip_grpc_client_verify,
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    description = "Says how many replicas really fit into one member cluster."
    return process_main(EstimatorOptions, run, argv, name=NAME, description=description)


async def run(options: EstimatorOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK) -> int:
    """Answer until cancelled."""
    async with control_plane_process(options, name=NAME, access=access, clock=clock) as process:
        credentials = credentials_of(options)
        state = MemberState(
            process.client, quotas=options.feature_gates["ResourceQuotaEstimate"], clock=clock
        )
        process.await_caches(state.informers)
        await process.stack.enter_async_context(state)
        service = EstimatorService(
            state,
            options.cluster_name,
            overcommit_protection=options.feature_gates["SchedulingOvercommitProtection"],
            clock=clock,
        )
        try:
            serving = serve_estimator(service, f"[::]:{options.server_port}", credentials)
            port = await process.stack.enter_async_context(serving)
        except RuntimeError as error:
            raise StartError(f"cannot listen on port {options.server_port}: {error}") from error
        log.info("estimator answers", extra={"cluster": options.cluster_name, "port": port})
        await asyncio.Event().wait()
    return 0
