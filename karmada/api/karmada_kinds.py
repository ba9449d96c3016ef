"""Our kinds as ServedResources: plural, scope, short names, columns, behaviour. scheme.py offers them to
others.

Everything but Cluster and ResourceRegistry behaves as a custom resource; those two are typed storage: no
schema checks, unconditional updates, strategic merge.
"""

from typing import Any, Final

from karmada.api.groups import (
    apps,
    autoscaling,
    cluster,
    config,
    multicluster,
    networking,
    operator,
    policy,
    remedy,
    search,
    work,
    work_v1alpha1,
)
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, Resource
from karmada.api.served import (
    CUSTOM_VERBS,
    STATUS_VERBS,
    TYPED_VERBS,
    Column,
    ServedResource,
    ServedSubresource,
)

_CATEGORY: Final = ("karmada-io",)
_NAME: Final = Column("Name", format="name", json_path=".metadata.name", cell=".metadata.name")


def _age(name: str = "AGE") -> Column:
    return Column(name, type="date", json_path=".metadata.creationTimestamp")


_DEFAULT_COLUMNS: Final = (_NAME, _age("Age"))
_POLICY_COLUMNS: Final = (
    _NAME,
    Column("CONFLICT-RESOLUTION", json_path=".spec.conflictResolution"),
    Column("PRIORITY", json_path=".spec.priority"),
    _age(),
)
_BINDING_COLUMNS: Final = (
    _NAME,
    Column("SCHEDULED", json_path='.status.conditions[?(@.type=="Scheduled")].status'),
    Column("FULLYAPPLIED", json_path='.status.conditions[?(@.type=="FullyApplied")].status'),
    _age(),
)
_REFERENCE_COLUMNS: Final = (
    _NAME,
    Column("REFERENCE-KIND", json_path=".spec.scaleTargetRef.kind"),
    Column("REFERENCE-NAME", json_path=".spec.scaleTargetRef.name"),
)
_CLUSTER_COLUMNS: Final = (
    _NAME,
    Column("Version", cell=".status.kubernetesVersion"),
    Column("Mode", cell=".spec.syncMode"),
    Column("Ready", cell="status of the first condition Ready, else Unknown"),
    Column("Age", cell="age(.metadata.creationTimestamp)"),
    Column("Zones", priority=1, cell=".spec.zones joined by ',', else <none>"),
    Column("Region", priority=1, cell=".spec.region, else <none>"),
    Column("Provider", priority=1, cell=".spec.provider, else <none>"),
    Column("API-Endpoint", priority=1, cell=".spec.apiEndpoint"),
    Column("Proxy-URL", priority=1, cell=".spec.proxyURL, else <none>"),
)


def _singular(kind: str) -> str:
    return kind.lower()


def _schema_name(gvr: GroupVersionResource, kind: str) -> str:
    """`io.karmada.policy.v1alpha1.PropagationPolicy`: the group reversed, as for CRDs."""
    return ".".join([*reversed(gvr.group.split(".")), gvr.version, kind])


def _status(resource: Resource[Any]) -> ServedSubresource:
    return ServedSubresource("status", resource.gvk, STATUS_VERBS)


def _custom(
    resource: Resource[Any],
    *,
    short: str = "",
    categories: tuple[str, ...] = _CATEGORY,
    status: bool = False,
    columns: tuple[Column, ...] = _DEFAULT_COLUMNS,
    storage_version: str = "",
) -> ServedResource:
    """A kind that behaves as a custom resource."""
    gvr = resource.gvr
    return ServedResource(
        gvr=gvr,
        kind=resource.kind,
        list_kind=f"{resource.kind}List",
        singular=_singular(resource.kind),
        namespaced=resource.namespaced,
        verbs=CUSTOM_VERBS,
        schema=_schema_name(gvr, resource.kind),
        storage=gvr._replace(version=storage_version or gvr.version),
        short_names=(short,) if short else (),
        categories=categories,
        subresources=(_status(resource),) if status else (),
        generation=True,
        columns=columns,
        model=resource.model,
        custom=True,
    )


def _typed(
    resource: Resource[Any],
    *,
    subresources: tuple[ServedSubresource, ...] = (),
    columns: tuple[Column, ...],
    generation: bool,
) -> ServedResource:
    """A kind kept as typed storage."""
    return ServedResource(
        gvr=resource.gvr,
        kind=resource.kind,
        list_kind=f"{resource.kind}List",
        singular=_singular(resource.kind),
        namespaced=resource.namespaced,
        verbs=TYPED_VERBS,
        schema=_schema_name(resource.gvr, resource.kind),
        storage=resource.gvr,
        subresources=(*subresources, _status(resource)),
        unconditional_update=True,
        generation=generation,
        columns=columns,
        model=resource.model,
    )


def control_plane_resources() -> tuple[ServedResource, ...]:
    """What the Karmada control plane serves."""
    return (*_clusters(), *_policies(), *_works(), *_configurations(), *_applications(), *_services())


def operator_resources() -> tuple[ServedResource, ...]:
    """What a host cluster serves for the operator."""
    ready = Column("READY", json_path='.status.conditions[?(@.type=="Ready")].status')
    return (_custom(operator.KARMADAS, status=True, columns=(_NAME, ready, _age())),)


def _clusters() -> tuple[ServedResource, ...]:
    proxy = ServedSubresource(
        "proxy",
        GroupVersionKind(cluster.GROUP, cluster.VERSION, "ClusterProxyOptions"),
        ("create", "delete", "get", "patch", "update"),
    )
    registry_columns = (_NAME, Column("Created At", type="date", cell=".metadata.creationTimestamp in UTC"))
    return (
        _typed(cluster.CLUSTERS, subresources=(proxy,), columns=_CLUSTER_COLUMNS, generation=True),
        _typed(search.RESOURCE_REGISTRIES, columns=registry_columns, generation=False),
        _custom(remedy.REMEDIES),
        _custom(policy.CLUSTER_TAINT_POLICIES, categories=()),
    )


def _policies() -> tuple[ServedResource, ...]:
    quota_columns = (
        _NAME,
        Column("OVERALL", json_path=".status.overall"),
        Column("OVERALL_USED", json_path=".status.overallUsed"),
    )
    return (
        _custom(policy.PROPAGATION_POLICIES, short="pp", columns=_POLICY_COLUMNS),
        _custom(policy.CLUSTER_PROPAGATION_POLICIES, short="cpp", columns=_POLICY_COLUMNS),
        _custom(policy.OVERRIDE_POLICIES, short="op"),
        _custom(policy.CLUSTER_OVERRIDE_POLICIES, short="cop"),
        _custom(policy.FEDERATED_RESOURCE_QUOTAS, status=True, columns=quota_columns),
    )


def _works() -> tuple[ServedResource, ...]:
    work_columns = (
        _NAME,
        Column("WORKLOAD-KIND", json_path=".spec.workload.manifests[*].kind"),
        Column("APPLIED", json_path='.status.conditions[?(@.type=="Applied")].status'),
        _age(),
    )
    return (
        _custom(work.WORKS, short="wk", status=True, columns=work_columns),
        _custom(work.RESOURCE_BINDINGS, short="rb", status=True, columns=_BINDING_COLUMNS),
        _custom(work.CLUSTER_RESOURCE_BINDINGS, short="crb", status=True, columns=_BINDING_COLUMNS),
        _custom(work_v1alpha1.RESOURCE_BINDINGS, short="rb", status=True, storage_version="v1alpha2"),
        _custom(
            work_v1alpha1.CLUSTER_RESOURCE_BINDINGS, short="crb", status=True, storage_version="v1alpha2"
        ),
    )


def _configurations() -> tuple[ServedResource, ...]:
    target_columns = (
        _NAME,
        Column("TARGET-API-VERSION", json_path=".spec.target.apiVersion"),
        Column("TARGET-KIND", json_path=".spec.target.kind"),
        _age(),
    )
    return (
        _custom(config.RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS),
        _custom(config.RESOURCE_INTERPRETER_CUSTOMIZATIONS, short="ric", columns=target_columns),
    )


def _applications() -> tuple[ServedResource, ...]:
    replica_columns = (
        Column("MINPODS", type="integer", json_path=".spec.minReplicas"),
        Column("MAXPODS", type="integer", json_path=".spec.maxReplicas"),
        Column("REPLICAS", type="integer", json_path=".status.currentReplicas"),
    )
    return (
        _custom(apps.WORKLOAD_REBALANCERS, categories=(), status=True),
        _custom(
            autoscaling.FEDERATED_HPAS,
            short="fhpa",
            status=True,
            columns=(*_REFERENCE_COLUMNS, *replica_columns, _age()),
        ),
        _custom(
            autoscaling.CRON_FEDERATED_HPAS,
            short="cronfhpa",
            status=True,
            columns=(*_REFERENCE_COLUMNS, _age()),
        ),
    )


def _services() -> tuple[ServedResource, ...]:
    import_columns = (
        _NAME,
        Column("Type", json_path=".spec.type"),
        Column("IP", json_path=".spec.ips"),
        _age("Age"),
    )
    return (
        _custom(networking.MULTI_CLUSTER_INGRESSES, short="mci", status=True),
        _custom(networking.MULTI_CLUSTER_SERVICES, short="mcs", status=True),
        _custom(multicluster.SERVICE_EXPORTS, short="svcex", categories=(), status=True),
        _custom(
            multicluster.SERVICE_IMPORTS, short="svcim", categories=(), status=True, columns=import_columns
        ),
    )
