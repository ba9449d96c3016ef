"""Ingress, IngressClass, NetworkPolicy, Endpoints, EndpointSlice: defaults and first rules."""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object


def _prepare_ingress(ingress: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        ingress["status"] = {"loadBalancer": {}}


def _validate_ingress(ingress: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = ingress.get("spec") or {}
    if not spec.get("defaultBackend") and not spec.get("rules"):
        return [invalid_value("spec", None, "either `defaultBackend` or `rules` must be specified")]
    errors: list[FieldError] = []
    for index, rule in enumerate(spec.get("rules") or ()):
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            if not path.get("pathType"):
                field = f"spec.rules[{index}].http.paths[{number}].pathType"
                text = "Required value: pathType must be specified"
                errors.append(FieldError("FieldValueRequired", field, text))
    return errors


def _default_ingress_class(obj: Object, context: AdmissionContext) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if isinstance(parameters, dict):
        parameters.setdefault("scope", "Cluster")


def _default_network_policy(policy: Object, context: AdmissionContext) -> None:
    spec = policy.setdefault("spec", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") is not None else ["Ingress"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            _default_protocols(rule.get("ports"))


def _default_endpoints(endpoints: Object, context: AdmissionContext) -> None:
    for subset in endpoints.get("subsets") or ():
        _default_protocols(subset.get("ports"))


def _default_endpoint_slice(obj: Object, context: AdmissionContext) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
    _default_protocols(obj.get("ports"))
    for endpoint in obj.get("endpoints") or ():
        endpoint.setdefault("conditions", {})


def _default_protocols(ports: Any) -> None:
    for port in ports or ():
        if isinstance(port, dict):
            port.setdefault("protocol", "TCP")


RULES: Final = {
    ("networking.k8s.io", "ingresses"): Rules(prepare=_prepare_ingress, validate=_validate_ingress),
    ("networking.k8s.io", "ingressclasses"): Rules(default=_default_ingress_class),
    ("networking.k8s.io", "networkpolicies"): Rules(default=_default_network_policy),
    ("", "endpoints"): Rules(default=_default_endpoints),
    ("discovery.k8s.io", "endpointslices"): Rules(default=_default_endpoint_slice),
}
