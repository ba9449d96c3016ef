"""MultiClusterService and MultiClusterIngress: an id, and what is refused."""

from typing import Final

from apiserver.admission.broken_rules import duplicate, each_invalid, immutable, invalid_value, not_supported
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.ingress_rules import ingress_spec_errors, load_balancer_errors, port_errors
from apiserver.admission.karmada.identity import ensure_id
from apiserver.admission.karmada.refusals import refusing
from apiserver.admission.karmada.written_form import written_form
from karmada.api.errors import FieldError
from karmada.api.groups.networking import MultiClusterServiceSpec
from karmada.api.objects import Object, name_of
from karmada.api.validation import cluster_name_errors, dns_1035_label_errors, dns_label_errors
from karmada.api.wellknown import MULTI_CLUSTER_SERVICE_PERMANENT_ID_LABEL

TYPES: Final = ("CrossCluster", "LoadBalancer")


def _default(service: Object, context: AdmissionContext) -> None:
    ensure_id(service, MULTI_CLUSTER_SERVICE_PERMANENT_ID_LABEL)
    if isinstance(spec := service.get("spec"), dict):
        written_form(MultiClusterServiceSpec)(spec)


def _judge_service(service: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec, name = service.get("spec") or {}, name_of(service)
    errors = each_invalid("metadata.name", name, dns_1035_label_errors(name))
    errors += service_errors(spec)
    if old is not None:
        before = (old.get("spec") or {}).get("types")
        if spec.get("types") != before:
            errors.append(immutable("spec.types", spec.get("types")))
        errors += _address_errors(service)
    return errors


def service_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        path = f"spec.ports[{index}]"
        if name := port.get("name"):
            errors += each_invalid(f"{path}.name", name, dns_label_errors(name))
            if name in known:
                errors.append(duplicate(f"{path}.name", name))
            known.add(name)
        errors += port_errors(port.get("port") or 0, f"{path}.port")
    types = spec.get("types") or []
    for index, each in enumerate(types):
        if each not in TYPES:
            errors.append(not_supported(f"spec.types[{index}]", each, TYPES))
    if len(set(types)) > 1:
        text = "MultiClusterService types should not contain more than one type"
        errors.append(invalid_value("spec.types", types, text))
    for side in ("providerClusters", "consumerClusters"):
        for index, cluster in enumerate(spec.get(side) or ()):
            name = cluster.get("name") or ""
            errors += each_invalid(f"spec.range.{side}[{index}]", name, cluster_name_errors(name))
    return errors


def _judge_ingress(ingress: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors = ingress_spec_errors(ingress.get("spec") or {})
    return errors if old is None else errors + _address_errors(ingress)


def _address_errors(obj: Object) -> list[FieldError]:
    status = (obj.get("status") or {}).get("loadBalancer") or {}
    return load_balancer_errors(status, "status.loadBalancer.ingress")


SERVICE_RULES: Final = Rules(default=_default, refuse=refusing("multiclusterservice", _judge_service))
INGRESS_RULES: Final = Rules(refuse=refusing("multiclusteringress", _judge_ingress))
