"""ResourceRegistry: where to cache from, and what. Typed storage, so broken rules give 422."""

from typing import Final
from urllib.parse import urlsplit

from apiserver.admission.broken_rules import each_invalid, invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.karmada.placement import affinity_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_label_errors


def registry_errors(registry: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = registry.get("spec") or {}
    errors = affinity_errors(spec.get("targetCluster"), "spec.targetCluster")
    for index, selector in enumerate(spec.get("resourceSelectors") or ()):
        path = f"spec.resourceSelectors[{index}]"
        version, namespace = selector.get("apiVersion") or "", selector.get("namespace") or ""
        if version.count("/") > 1:
            text = f"unexpected GroupVersion string: {version}"
            errors.append(invalid_value(f"{path}.apiVersion", version, text))
        if namespace:
            errors += each_invalid(f"{path}.namespace", namespace, dns_label_errors(namespace))
    store = (spec.get("backendStore") or {}).get("openSearch") or {}
    for index, address in enumerate(store.get("addresses") or ()):
        path = f"spec.backendStore.openSearch.addresses[{index}]"
        if problem := _address_problem(address):
            errors.append(invalid_value(path, address, problem))
    return errors


def _address_problem(address: str) -> str:
    try:
        url = urlsplit(address)
    except ValueError as error:
        return str(error)
    if url.scheme not in ("http", "https"):
        return "must be http or https"
    return "" if url.netloc else "must have a host"


RULES: Final = Rules(validate=of_main_resource(registry_errors))
