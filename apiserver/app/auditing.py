"""The audit log as flags ask for it: its policy, its file, its webhook.

In: flags. Out: a policy and a Sink, both gone when the server's context is left.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from apiserver.filters.audit_backends import AuditFile, AuditWebhook, Batching, BothSinks, Rotation, Sink
from apiserver.filters.audit_policy import AuditPolicy
from karmada.api.codec import loads_yaml
from karmada.api.errors import ApiError
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from karmada.client.kubeconfig_file import KubeconfigError
from karmada.runtime.clock import Clock
from karmada.runtime.observe import StartError
from karmada.runtime.tasks import Tasks


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is recorded, and where to."""

    policy_file: str = ""
    """--audit-policy-file: Policy of audit.k8s.io/v1; without it, every request's metadata when it ends."""
    log_path: str = ""
    """--audit-log-path: file for one JSON line per record; - is standard output, empty is none."""
    max_megabytes: int = 0
    """--audit-log-maxsize: megabytes after which the file is put aside under its time; 0 is never."""
    max_backups: int = 0
    """--audit-log-maxbackup: how many files put aside are kept; 0 is all."""
    max_days: int = 0
    """--audit-log-maxage: for how many days files put aside are kept; 0 is for ever."""
    webhook_file: str = ""
    """--audit-webhook-config-file: kubeconfig whose server is a webhook that gets the records in batches."""
    batch_size: int = 400
    """--audit-webhook-batch-max-size: most records in one batch."""
    batch_seconds: float = 30.0
    """--audit-webhook-batch-max-wait: how long a record waits for others."""
    batch_buffer: int = 10_000
    """--audit-webhook-batch-buffer-size: records that may wait; further ones are dropped."""


@dataclass(frozen=True, slots=True)
class Auditing:
    """sink None: nothing is recorded."""

    sink: Sink | None = None
    policy: AuditPolicy = field(default_factory=AuditPolicy)


async def auditing(stack: AsyncExitStack, options: AuditOptions, tasks: Tasks, clock: Clock) -> Auditing:
    """Raises StartError."""
    policy = _policy(options.policy_file)
    sinks: list[Sink] = []
    if options.log_path:
        rotation = Rotation(options.max_megabytes, options.max_backups, options.max_days)
        try:
            sinks.append(stack.enter_context(AuditFile(options.log_path, rotation, clock=clock)))
        except OSError as error:
            raise StartError(f"--audit-log-path: {options.log_path}: {error.strerror}") from error
    if options.webhook_file:
        sinks.append(await _webhook(stack, options, tasks, clock))
    if not sinks:
        return Auditing(None, policy)
    return Auditing(sinks[0] if len(sinks) == 1 else BothSinks(sinks), policy)


async def _webhook(stack: AsyncExitStack, options: AuditOptions, tasks: Tasks, clock: Clock) -> Sink:
    try:
        access = load_kubeconfig(options.webhook_file)
    except KubeconfigError as error:
        raise StartError(f"--audit-webhook-config-file: {error}") from error
    client = await stack.enter_async_context(Client(access, user_agent="kube-apiserver", clock=clock))
    batching = Batching(max(1, options.batch_size), options.batch_seconds, options.batch_buffer)
    sink = AuditWebhook(client, batching, clock=clock)
    stack.push_async_callback(sink.flush)
    tasks.start(sink.run(), name="audit webhook")
    return sink


def _policy(file: str) -> AuditPolicy:
    if not file:
        return AuditPolicy()
    try:
        document = loads_yaml(Path(file).read_bytes())
        if not isinstance(document, dict) or document.get("kind") != "Policy":
            raise ValueError("it is no Policy of audit.k8s.io/v1")
        return AuditPolicy.of(document)
    except OSError as error:
        raise StartError(f"--audit-policy-file: {file} cannot be read: {error.strerror}") from error
    except (ValueError, ApiError) as error:
        raise StartError(f"--audit-policy-file: {file}: {error}") from error
