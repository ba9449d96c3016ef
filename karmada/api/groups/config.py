"""config.karmada.io: how to interpret kinds that Karmada does not know.

DependentObjectReference is the form in which interpreters name what an object depends on.
"""

from typing import Final

from karmada.api.groups.meta import LabelSelector, Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Bytes, Int32, Model, empty, field

GROUP: Final = "config.karmada.io"
VERSION: Final = "v1alpha1"


class LuaRule(Model):
    """A Lua script for one operation."""

    lua_script: str = field("A complete Lua function.", default="", required=True)


class CustomizationRules(Model):
    """At most one script per operation."""

    component_resource: LuaRule | None = field("InterpretComponent script.")
    dependency_interpretation: LuaRule | None = field("InterpretDependency script.")
    health_interpretation: LuaRule | None = field("InterpretHealth script.")
    replica_resource: LuaRule | None = field("InterpretReplica script.")
    replica_revision: LuaRule | None = field("ReviseReplica script.")
    retention: LuaRule | None = field("Retain script.")
    status_aggregation: LuaRule | None = field("AggregateStatus script.")
    status_reflection: LuaRule | None = field("InterpretStatus script.")


class CustomizationTarget(Model):
    """The kind concerned."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)


class ResourceInterpreterCustomizationSpec(Model):
    """Scripts for one kind."""

    customizations: CustomizationRules = field(
        "One optional script per operation.",
        factory=empty(CustomizationRules),
        required=True,
    )
    target: CustomizationTarget = field(
        "Resource type concerned.",
        factory=empty(CustomizationTarget),
        required=True,
    )


class ResourceInterpreterCustomization(Root):
    """How to interpret one kind, in Lua."""

    spec: ResourceInterpreterCustomizationSpec = field(
        "Definition.",
        factory=empty(ResourceInterpreterCustomizationSpec),
        required=True,
    )


class ServiceReference(Model):
    """A Service to call."""

    name: str = field("Service name.", default="", required=True)
    namespace: str = field("Service namespace.", default="", required=True)
    path: str | None = field("URL path.")
    port: Int32 | None = field("Service port; absent is treated as 443 (not written back).")


class WebhookClientConfig(Model):
    """How to reach a webhook: by url or by service."""

    ca_bundle: Bytes = field("PEM CA, base64.", default="")
    service: ServiceReference | None = field("Service to call; excludes url.")
    url: str | None = field("Full URL; excludes service.")


class RuleWithOperations(Model):
    """Which operations on which kinds."""

    api_groups: list[str] = field('Groups, "" = core, * = all.', factory=list, required=True)
    api_versions: list[str] = field("Versions, * = all.", factory=list, required=True)
    kinds: list[str] = field("Kinds, * = all.", factory=list, required=True)
    operations: list[str] = field("Operations, * = all.", factory=list, required=True)


class ResourceInterpreterWebhook(Model):
    """One webhook and what it handles."""

    client_config: WebhookClientConfig = field(
        "How to reach it (admissionregistration/v1 WebhookClientConfig).",
        factory=empty(WebhookClientConfig),
        required=True,
    )
    interpreter_context_versions: list[str] = field(
        "Accepted envelope versions, by preference.",
        factory=list,
        required=True,
    )
    name: str = field("Fully qualified name, unique in the object.", default="", required=True)
    rules: list[RuleWithOperations] = field(
        "What the webhook handles; a request matches when any rule matches.",
        factory=list,
    )
    timeout_seconds: Int32 | None = field(
        "Call timeout; absent means no per-call timeout is set (the documented 10 s default is not applied).",
    )


class ResourceInterpreterWebhookConfiguration(Root):
    """Webhooks that interpret kinds."""

    webhooks: list[ResourceInterpreterWebhook] = field(
        "Webhooks and what they handle.",
        factory=list,
        required=True,
    )


class DependentObjectReference(Model):
    """Objects that another object depends on, by name or by label."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)
    namespace: str = field("Empty = cluster-scoped.", default="")
    name: str = field("Object name.", default="")
    label_selector: LabelSelector | None = field("Objects by label, ignored when name is set.")


RESOURCE_INTERPRETER_CUSTOMIZATIONS: Final[Resource[ResourceInterpreterCustomization]] = Resource(
    GroupVersionResource(GROUP, VERSION, "resourceinterpretercustomizations"),
    "ResourceInterpreterCustomization",
    namespaced=False,
    model=ResourceInterpreterCustomization,
)
RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS: Final[Resource[ResourceInterpreterWebhookConfiguration]] = (
    Resource(
        GroupVersionResource(GROUP, VERSION, "resourceinterpreterwebhookconfigurations"),
        "ResourceInterpreterWebhookConfiguration",
        namespaced=False,
        model=ResourceInterpreterWebhookConfiguration,
    )
)
