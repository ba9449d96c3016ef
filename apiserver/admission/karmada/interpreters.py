"""ResourceInterpreterCustomization and ResourceInterpreterWebhookConfiguration: what is refused."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from apiserver.admission.broken_rules import (
    duplicate,
    each_invalid,
    invalid_value,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.ingress_rules import port_errors
from apiserver.admission.karmada.cluster_rules import endpoint_errors
from apiserver.admission.karmada.refusals import denied, refusing
from karmada.api.errors import FieldError
from karmada.api.objects import Object, name_of
from karmada.api.validation import dns_1035_label_errors, dns_label_errors, dns_subdomain_errors
from karmada.interpreter.syntax import syntax_error

SCRIPTS: Final = {
    "retention": "Retain",
    "replicaResource": "InterpretReplica",
    "componentResource": "InterpretComponent",
    "replicaRevision": "ReviseReplica",
    "statusReflection": "InterpretStatus",
    "statusAggregation": "AggregateStatus",
    "healthInterpretation": "InterpretHealth",
    "dependencyInterpretation": "InterpretDependency",
}
OPERATIONS: Final = tuple(sorted(("*", *SCRIPTS.values())))
ACCEPTED_VERSIONS: Final = ("v1alpha1",)
CUSTOMIZATION: Final = "resourceinterpretercustomization"
_SHARED: Final = frozenset({"InterpretDependency"})
"""Several customizations of one kind may each find dependencies."""


# -- customizations -----------------------------------------------------------------------------------------


async def _refuse_customization(obj: Object, old: Object | None, context: AdmissionContext) -> None:
    spec = obj.get("spec") or {}
    scripts = dict(_scripts(spec))
    for other in context.reader.list("config.karmada.io", "resourceinterpretercustomizations"):
        if problem := conflict(obj, other):
            raise denied(CUSTOMIZATION, problem)
    for operation, script in scripts.items():
        if problem := syntax_error(script):
            raise denied(CUSTOMIZATION, f"InterpreterOperation({operation}) Lua script error: {problem}")


def conflict(obj: Object, other: Object) -> str:
    """Why the two customizations cannot both be: they say how to do the same with the same kind."""
    if name_of(obj) == name_of(other):
        return ""
    spec, theirs = obj.get("spec") or {}, other.get("spec") or {}
    target = _target(spec)
    if target != _target(theirs):
        return ""
    both = dict(_scripts(spec)).keys() & dict(_scripts(theirs)).keys() - _SHARED
    for operation in SCRIPTS.values():
        if operation in both:
            return (
                f"conflicting with InterpreterOperation({operation}) of existing "
                f"ResourceInterpreterCustomization({name_of(other)})"
            )
    return ""


def _target(spec: Object) -> tuple[str, str]:
    target = spec.get("target") or {}
    return target.get("apiVersion") or "", target.get("kind") or ""


def _scripts(spec: Object) -> Iterator[tuple[str, str]]:
    customizations = spec.get("customizations") or {}
    for field, operation in SCRIPTS.items():
        if script := (customizations.get(field) or {}).get("luaScript"):
            yield operation, script


# -- webhooks -----------------------------------------------------------------------------------------------


def _judge_webhooks(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", webhook.get("name") or ""
        errors += _webhook_errors(webhook, path)
        if name in known:
            errors.append(duplicate(f"{path}.name", name))
        known.add(name)
    return errors


def _webhook_errors(webhook: Object, path: str) -> list[FieldError]:
    errors = _full_name_errors(webhook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(webhook.get("rules") or ()):
        errors += _rule_errors(rule, f"{path}.rules[{index}]")
    seconds = webhook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid_value(f"{path}.timeoutSeconds", seconds, text))
    errors += client_config_errors(webhook.get("clientConfig") or {}, f"{path}.clientConfig")
    versions = webhook.get("interpreterContextVersions") or ()
    return errors + _version_errors(versions, f"{path}.interpreterContextVersions")


def _full_name_errors(name: str, path: str) -> list[FieldError]:
    if not name:
        return [required(path)]
    bare = name.removesuffix(".")
    errors = each_invalid(path, name, dns_subdomain_errors(bare))
    labels = bare.split(".")
    if not errors and len(labels) < 2:
        text = "should be a domain with at least two segments separated by dots"
        errors.append(invalid_value(path, name, text))
    for label in labels if not errors else ():
        errors += each_invalid(path, label, dns_label_errors(label))
    return errors


def _rule_errors(rule: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for part in ("operations", "apiGroups", "apiVersions", "kinds"):
        values: Sequence[str] = rule.get(part) or ()
        where = f"{path}.{part}"
        if not values:
            errors.append(required(where))
        if "*" in values and len(values) > 1:
            text = "if '*' is present, must not specify other " + _plural(part)
            errors.append(invalid_value(where, values, text))
        for index, value in enumerate(values):
            if part == "operations" and value not in OPERATIONS:
                errors.append(not_supported(f"{where}[{index}]", value, OPERATIONS))
            if part in ("apiVersions", "kinds") and not value:
                errors.append(required(f"{where}[{index}]"))
    return errors


def _plural(part: str) -> str:
    return {"apiGroups": "API groups", "apiVersions": "API versions"}.get(part, part)


def client_config_errors(config: Object, path: str) -> list[FieldError]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if url is not None:
        errors = endpoint_errors(url, f"{path}.url")
        if not errors and urlsplit(url).scheme != "https":
            text = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
            errors.append(invalid_value(f"{path}.url", urlsplit(url).scheme, text))
        return errors
    assert service is not None
    where = f"{path}.service"
    errors = [required(f"{where}.{part}") for part in ("name", "namespace") if not service.get(part)]
    if (port := service.get("port")) is not None:
        errors += port_errors(port, f"{where}.port")
    return errors + _service_path_errors(service.get("path") or "", f"{where}.path")


def _service_path_errors(text: str, path: str) -> list[FieldError]:
    if text in ("", "/"):
        return []
    if not text.startswith("/"):
        return [invalid_value(path, text, "must start with a '/'")]
    errors: list[FieldError] = []
    for index, segment in enumerate(text[1:].removesuffix("/").split("/")):
        if not segment:
            errors.append(invalid_value(path, text, f"segment[{index}] may not be empty"))
        else:
            errors += [
                invalid_value(path, text, f"segment[{index}]: {problem}")
                for problem in dns_subdomain_errors(segment)
            ]
    return errors


def _version_errors(versions: Sequence[str], path: str) -> list[FieldError]:
    wanted = ", ".join(ACCEPTED_VERSIONS)
    if not versions:
        return [required(path, f"must specify one of {wanted}")]
    errors: list[FieldError] = []
    for index, version in enumerate(versions):
        where = f"{path}[{index}]"
        if version in versions[:index]:
            errors.append(invalid_value(where, version, "duplicate version"))
        errors += each_invalid(where, version, dns_1035_label_errors(version))
    if not set(versions) & set(ACCEPTED_VERSIONS):
        errors.append(invalid_value(path, list(versions), f"must include at least one of {wanted}"))
    return errors


CUSTOMIZATION_RULES: Final = Rules(refuse=_refuse_customization)
WEBHOOK_RULES: Final = Rules(refuse=refusing("config", _judge_webhooks))
