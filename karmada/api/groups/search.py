"""search.karmada.io: ResourceRegistry, what to cache from members for search."""

from typing import Final

from karmada.api.groups.cluster import LocalSecretReference
from karmada.api.groups.meta import Condition, Root
from karmada.api.groups.policy import ClusterAffinity
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Model, empty, field

GROUP: Final = "search.karmada.io"
VERSION: Final = "v1alpha1"


class OpenSearchConfig(Model):
    """An OpenSearch backend."""

    addresses: list[str] = field("Node endpoints.", factory=list, required=True)
    secret_ref: LocalSecretReference = field(
        "Credentials; data keys userName, password.",
        factory=empty(LocalSecretReference),
        required=True,
    )


class BackendStoreConfig(Model):
    """Where cached objects go."""

    open_search: OpenSearchConfig | None = field("OpenSearch backend.")


class ResourceSelector(Model):
    """A resource type to cache."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)
    namespace: str = field("Namespace, empty = all.", default="")


class ResourceRegistrySpec(Model):
    """What to cache from which clusters."""

    backend_store: BackendStoreConfig | None = field("Where to send cached items; absent = in memory only.")
    resource_selectors: list[ResourceSelector] = field(
        "Resource types to cache.",
        factory=list,
        required=True,
    )
    target_cluster: ClusterAffinity = field(
        "Clusters to cache from.",
        factory=empty(ClusterAffinity),
        required=True,
    )


class ResourceRegistryStatus(Model):
    """What was observed of the registry."""

    conditions: list[Condition] = field("Conditions.", factory=list)


class ResourceRegistry(Root):
    """Resources of members to cache."""

    spec: ResourceRegistrySpec = field("What to cache.", factory=empty(ResourceRegistrySpec))
    status: ResourceRegistryStatus = field("Observed state.", factory=empty(ResourceRegistryStatus))


RESOURCE_REGISTRIES: Final[Resource[ResourceRegistry]] = Resource(
    GroupVersionResource(GROUP, VERSION, "resourceregistries"),
    "ResourceRegistry",
    namespaced=False,
    model=ResourceRegistry,
)
