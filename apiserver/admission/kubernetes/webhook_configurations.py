"""Registered admission webhooks: defaults, and the rules that keep them callable."""

from collections.abc import Callable, Sequence
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
from apiserver.admission.match_conditions import condition_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_subdomain_errors

REVIEW_VERSIONS: Final = ("v1", "v1beta1")
SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")
TIMEOUT_SECONDS: Final = 10
SERVICE_PORT: Final = 443
OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")


def _default_webhooks(*, mutating: bool) -> Callable[[Object, AdmissionContext], None]:
    def default(obj: Object, context: AdmissionContext) -> None:
        for webhook in obj.get("webhooks") or ():
            webhook.setdefault("failurePolicy", "Fail")
            webhook.setdefault("matchPolicy", "Equivalent")
            webhook.setdefault("namespaceSelector", {})
            webhook.setdefault("objectSelector", {})
            webhook.setdefault("timeoutSeconds", TIMEOUT_SECONDS)
            if mutating:
                webhook.setdefault("reinvocationPolicy", "Never")
            for rule in webhook.get("rules") or ():
                rule.setdefault("scope", "*")
            if service := (webhook.get("clientConfig") or {}).get("service"):
                service.setdefault("port", SERVICE_PORT)

    return default


def _judge_webhooks(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", webhook.get("name") or ""
        errors += _name_errors(name, f"{path}.name")
        if name in known:
            errors.append(duplicate(f"{path}.name", name))
        known.add(name)
        errors += _webhook_errors(webhook, path)
    return errors


def _name_errors(name: str, path: str) -> list[FieldError]:
    if not name:
        return [required(path)]
    errors = each_invalid(path, name, dns_subdomain_errors(name))
    if not errors and name.count(".") < 2:
        text = "should be a domain with at least three segments separated by dots"
        errors.append(invalid_value(path, name, text))
    return errors


def _webhook_errors(webhook: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, rule in enumerate(webhook.get("rules") or ()):
        errors += rule_errors(rule, f"{path}.rules[{index}]")
    effects = webhook.get("sideEffects")
    if effects is None:
        errors.append(required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun"))
    elif effects not in SIDE_EFFECTS:
        errors.append(not_supported(f"{path}.sideEffects", effects, SIDE_EFFECTS))
    seconds = webhook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        errors.append(invalid_value(f"{path}.timeoutSeconds", seconds, text))
    versions: Sequence[str] = webhook.get("admissionReviewVersions") or ()
    where = f"{path}.admissionReviewVersions"
    if not versions:
        errors.append(required(where, "must specify one of v1, v1beta1"))
    elif not set(versions) & set(REVIEW_VERSIONS):
        text = "must include at least one of v1, v1beta1"
        errors.append(invalid_value(where, list(versions), text))
    errors += client_config_errors(webhook.get("clientConfig"), f"{path}.clientConfig")
    return errors + condition_errors(webhook.get("matchConditions") or (), f"{path}.matchConditions")


def client_config_errors(given: Object | None, path: str) -> list[FieldError]:
    """Where a webhook is: at a url or behind a Service."""
    config = given or {}
    if (config.get("url") is None) == (config.get("service") is None):
        return [required(path, "exactly one of url or service is required")]
    if (url := config.get("url")) is not None:
        return each_invalid(f"{path}.url", url, _url_problems(url))
    service = config["service"]
    errors = [required(f"{path}.service.{part}") for part in ("name", "namespace") if not service.get(part)]
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        text = "port is not valid: must be between 1 and 65535, inclusive"
        errors.append(invalid_value(f"{path}.service.port", port, text))
    return errors


def _url_problems(url: str) -> list[str]:
    form = "; desired format: https://host[/path]"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        return [f"url must be a valid URL: {error}{form}"]
    problems = []
    if parts.scheme != "https":
        problems.append(f"'https' is the only allowed URL scheme{form}")
    if not host:
        problems.append(f"host must be specified{form}")
    if parts.username is not None:
        problems.append("user information is not permitted in the URL")
    if parts.fragment:
        problems.append("fragments are not permitted in the URL")
    if parts.query:
        problems.append("query parameters are not permitted in the URL")
    return problems


def rule_errors(rule: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    parts = {"apiGroups": "API groups", "apiVersions": "API versions", "resources": "resources"}
    for part, words in parts.items():
        values: Sequence[str] = rule.get(part) or ()
        if not values:
            errors.append(required(f"{path}.{part}"))
        elif part != "resources" and "*" in values and len(values) > 1:
            text = f"if '*' is present, must not specify other {words}"
            errors.append(invalid_value(f"{path}.{part}", list(values), text))
    operations: Sequence[str] = rule.get("operations") or ()
    if not operations:
        errors.append(required(f"{path}.operations"))
    if "*" in operations and len(operations) > 1:
        text = "if '*' is present, must not specify other operations"
        errors.append(invalid_value(f"{path}.operations", list(operations), text))
    return errors + [
        not_supported(f"{path}.operations[{index}]", operation, OPERATIONS)
        for index, operation in enumerate(operations)
        if operation not in OPERATIONS
    ]


# -- policies -----------------------------------------------------------------------------------------------


MUTATING_RULES: Final = Rules(default=_default_webhooks(mutating=True), validate=_judge_webhooks)
VALIDATING_RULES: Final = Rules(default=_default_webhooks(mutating=False), validate=_judge_webhooks)
