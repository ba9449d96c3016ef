"""APIService: its name says its group version, and it goes to a Service or stays here.

In: the object as decoded. Out: defaults and broken rules. What requests for it become is
handlers/aggregation's business.
"""

from typing import Final

from apiserver.admission.broken_rules import forbidden, invalid_value, required
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from karmada.api.errors import FieldError
from karmada.api.objects import Object, name_of
from karmada.api.validation import dns_label_errors, dns_subdomain_errors

DEFAULT_PORT: Final = 443
HIGHEST_GROUP_PRIORITY: Final = 20_000
HIGHEST_VERSION_PRIORITY: Final = 1000


def _default(registration: Object, context: AdmissionContext) -> None:
    service = (registration.get("spec") or {}).get("service")
    if service is not None and not service.get("port"):
        service["port"] = DEFAULT_PORT


def _judge(registration: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = registration.get("spec") or {}
    return [*_name_errors(registration, spec), *_priority_errors(spec), *_service_errors(spec)]


def _name_errors(registration: Object, spec: Object) -> list[FieldError]:
    group, version = spec.get("group") or "", spec.get("version") or ""
    wanted = f"{version}.{group}"
    errors: list[FieldError] = []
    if name_of(registration) != wanted:
        text = f'must be `spec.version+"."+spec.group`: "{wanted}"'
        errors.append(invalid_value("metadata.name", name_of(registration), text))
    if group:
        errors += [invalid_value("spec.group", group, text) for text in dns_subdomain_errors(group)]
    elif version != "v1":
        errors.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    errors += [invalid_value("spec.version", version, text) for text in dns_label_errors(version)]
    return errors


def _priority_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, highest in (
        ("groupPriorityMinimum", HIGHEST_GROUP_PRIORITY),
        ("versionPriority", HIGHEST_VERSION_PRIORITY),
    ):
        value = spec.get(name) or 0
        if not 0 < value <= highest:
            errors.append(invalid_value(f"spec.{name}", value, f"must be positive and less than {highest}"))
    return errors


def _service_errors(spec: Object) -> list[FieldError]:
    service, ca = spec.get("service"), spec.get("caBundle")
    insecure = spec.get("insecureSkipTLSVerify")
    if service is None:
        errors = (
            [invalid_value("spec.caBundle", "<bytes>", "local APIServices may not have a caBundle")]
            if ca
            else []
        )
        if insecure:
            text = "local APIServices may not have insecureSkipTLSVerify"
            errors.append(invalid_value("spec.insecureSkipTLSVerify", insecure, text))
        return errors
    errors = [required(f"spec.service.{part}") for part in ("namespace", "name") if not service.get(part)]
    port = service.get("port") or 0
    if not 1 <= port <= 65535:
        text = "must be between 1 and 65535, inclusive"
        errors.append(invalid_value("spec.service.port", port, f"port is not valid: {text}"))
    if ca and insecure:
        errors.append(forbidden("spec.insecureSkipTLSVerify", "may not be true if caBundle is present"))
    return errors


RULES: Final = Rules(default=_default, validate=of_main_resource(_judge))
