"""The estimator as a process: flags, TLS, probes."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from karmada.runtime.observe import StartError
from karmada.runtime.options import parse_flags
from scheduler.accurate.rpc import estimator_pb2 as pb
from scheduler.accurate.wire import MAX_REPLICAS, SERVICE, replicas_question
from scheduler.member.main import EstimatorOptions, run
from tests.karmada.client.certificates import Authority
from tests.scheduler.member.live import member, node


def options(*argv: str) -> EstimatorOptions:
    return parse_flags(EstimatorOptions, argv, prog="karmada-scheduler-estimator")


def test_the_defaults_are_those_of_karmada() -> None:
    chosen = options("--cluster-name=m1")
    assert (chosen.server_port, chosen.health_probe_bind_address, chosen.metrics_bind_address) == (
        10352,
        ":10351",
        ":8080",
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        pytest.param([], "--cluster-name", id="no-cluster"),
        pytest.param(["--cluster-name=m1", "--server-port=70000"], "--server-port", id="no-port"),
        pytest.param(["--cluster-name=m1", "--grpc-auth-cert-file=x"], "go together", id="half-a-pair"),
        pytest.param(["--cluster-name=m1", "--parallelism=-1"], "--parallelism", id="negative"),
    ],
)
def test_what_cannot_work_is_refused(argv: list[str], message: str) -> None:
    with pytest.raises(StartError, match=message):
        options(*argv).check()


@pytest.mark.parametrize("with_certificate", [True, False], ids=["known-client", "unknown-client"])
async def test_with_tls_only_known_clients_are_answered(
    tmp_path: Path, unused_tcp_port: int, with_certificate: bool
) -> None:
    authority = Authority()
    server, client = authority.issue("server", hosts=("localhost",)), authority.issue("client")
    for name, content in {"ca": authority.certificate, "crt": server.certificate, "key": server.key}.items():
        (tmp_path / name).write_bytes(content)
    async with member() as on:
        await on.add_node(node("n1"), cpu="4", pods="10")
        chosen = EstimatorOptions(
            cluster_name="m1",
            server_port=unused_tcp_port,
            health_probe_bind_address="0",
            metrics_bind_address="0",
            grpc_auth_cert_file=str(tmp_path / "crt"),
            grpc_auth_key_file=str(tmp_path / "key"),
            grpc_client_ca_file=str(tmp_path / "ca"),
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(run(chosen, access=on.client.access), name="estimator")
            pair = (client.key, client.certificate) if with_certificate else (None, None)
            credentials = grpc.ssl_channel_credentials(authority.certificate, *pair)
            async with grpc.aio.secure_channel(f"localhost:{unused_tcp_port}", credentials) as channel:
                call: Any = channel.unary_unary(
                    f"/{SERVICE}/{MAX_REPLICAS}",
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=pb.MaxAvailableReplicasResponse.FromString,
                )
                question = replicas_question("m1", None)
                if with_certificate:
                    answer = await call(question, timeout=10, wait_for_ready=True)
                    assert answer.maxReplicas == 10
                else:
                    with pytest.raises(grpc.aio.AioRpcError):
                        await call(question, timeout=1, wait_for_ready=True)
            task.cancel()


async def test_a_port_that_is_taken_is_told_in_one_line(unused_tcp_port: int) -> None:
    async with member() as on:
        listener = await asyncio.start_server(lambda _r, _w: None, "0.0.0.0", unused_tcp_port)
        chosen = EstimatorOptions(
            cluster_name="m1",
            server_port=unused_tcp_port,
            health_probe_bind_address="0",
            metrics_bind_address="0",
        )
        async with listener:
            with pytest.raises(StartError, match="cannot listen on port"):
                await run(chosen, access=on.client.access)
