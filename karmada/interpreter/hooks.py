"""Which interpreter webhook answers, and where it is. Pure.

In: ResourceInterpreterWebhookConfigurations, Services of the control plane. Out: the first webhook by
`<configuration>/<webhook>` whose rules match, the address to call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from karmada.api.groups.config import (
    VERSION,
    ResourceInterpreterWebhook,
    ResourceInterpreterWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    WebhookClientConfig,
)
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.client.webhooks import Endpoint
from karmada.interpreter.errors import WebhookFailed
from karmada.interpreter.operations import Operation

DEFAULT_TIMEOUT_SECONDS: Final = 10
MAX_TIMEOUT_SECONDS: Final = 30
DEFAULT_PORT: Final = 443
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook of one configuration."""

    uid: str
    webhook: ResourceInterpreterWebhook

    @property
    def timeout_seconds(self) -> int:
        asked = self.webhook.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
        return min(max(asked, 1), MAX_TIMEOUT_SECONDS)


def hooks_of(configurations: Iterable[ResourceInterpreterWebhookConfiguration]) -> tuple[Hook, ...]:
    """All webhooks in the order in which they are asked."""
    hooks = [
        Hook(f"{configuration.metadata.name}/{webhook.name}", webhook)
        for configuration in configurations
        for webhook in configuration.webhooks
    ]
    return tuple(sorted(hooks, key=lambda hook: hook.uid))


def first_match(hooks: Iterable[Hook], gvk: GroupVersionKind, operation: Operation) -> Hook | None:
    """The webhook that answers for a kind and operation."""
    for hook in hooks:
        if any(_matches(rule, gvk, operation) for rule in hook.webhook.rules):
            return hook
    return None


def _matches(rule: RuleWithOperations, gvk: GroupVersionKind, operation: Operation) -> bool:
    return (
        _holds(rule.operations, operation)
        and _holds(rule.api_groups, gvk.group)
        and _holds(rule.api_versions, gvk.version)
        and _holds(rule.kinds, gvk.kind)
    )


def _holds(listed: Sequence[str], value: str) -> bool:
    return value in listed or ANY in listed


def check_versions(webhook: ResourceInterpreterWebhook) -> None:
    """Raises WebhookFailed unless the webhook speaks the version of the protocol that we do."""
    if VERSION not in webhook.interpreter_context_versions:
        known = ", ".join(webhook.interpreter_context_versions)
        raise WebhookFailed(f"webhook does not accept ResourceInterpreterContext {VERSION}, only: {known}")


def url_endpoint(config: WebhookClientConfig) -> Endpoint:
    """The address of a webhook that is configured by url."""
    if not config.url:
        raise WebhookFailed("the webhook has neither a service nor a url")
    return Endpoint(config.url)


def service_endpoint(reference: ServiceReference, service: Object | None) -> Endpoint:
    """The address of a Service of the control plane; one that is not there is looked for by its DNS name."""
    port = reference.port or DEFAULT_PORT
    name = f"{reference.name}.{reference.namespace}.svc"
    address = name if service is None else _address(service, port)
    host = f"[{address}]" if ":" in address else address
    path = "/" + (reference.path or "").lstrip("/")
    return Endpoint(f"https://{host}:{port}{path}", server_name=name, host=f"{name}:{port}")


def _address(service: Object, port: int) -> str:
    spec = service.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    if kind == "ExternalName":
        return spec.get("externalName") or ""
    if kind not in ("ClusterIP", "LoadBalancer", "NodePort"):
        raise WebhookFailed(f"unsupported service type {kind!r}")
    address = spec.get("clusterIP") or ""
    if address in ("", "None"):
        raise WebhookFailed("the service is headless, it has no cluster IP to call")
    if not any(each.get("port") == port for each in spec.get("ports") or ()):
        raise WebhookFailed(f"the service has no port {port}")
    return address
