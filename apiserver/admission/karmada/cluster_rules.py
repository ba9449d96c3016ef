"""What a Cluster must keep: how it is reached, where it is, its taints, its resource models. Pure."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from apiserver.admission.broken_rules import (
    each_invalid,
    invalid_value,
    not_supported,
    required,
    shown,
    type_invalid,
)
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.validation import label_value_errors, qualified_name_errors

LARGEST: Final = "9223372036854775807"
SYNC_MODES: Final = ("Pull", "Push")
TAINT_EFFECTS: Final = ("NoSchedule", "NoExecute")
PROXY_SCHEMES: Final = ("http", "https", "socks5")


def cluster_errors(cluster: Object) -> list[FieldError]:
    """Every broken rule of the spec."""
    spec = cluster.get("spec") or {}
    errors = _sync_mode_errors(spec.get("syncMode") or "")
    for name in ("secretRef", "impersonatorSecretRef"):
        if (reference := spec.get(name)) is not None:
            errors += [
                required(f"spec.{name}.{part}") for part in ("namespace", "name") if not reference.get(part)
            ]
    if endpoint := spec.get("apiEndpoint"):
        errors += endpoint_errors(endpoint, "spec.apiEndpoint")
    if proxy := spec.get("proxyURL"):
        errors += _proxy_errors(proxy)
    for name in ("provider", "region"):
        if value := spec.get(name):
            errors += each_invalid(f"spec.{name}", value, label_value_errors(value))
    errors += _zone_errors(spec.get("zone") or "", spec.get("zones") or [])
    errors += taint_errors(spec.get("taints") or [], "spec.taints")
    return errors + model_errors(spec.get("resourceModels") or [], "spec.resourceModels")


def _sync_mode_errors(mode: str) -> list[FieldError]:
    errors = [] if mode else [required("spec.syncMode")]
    if mode not in SYNC_MODES:
        errors.append(not_supported("spec.syncMode", mode, SYNC_MODES))
    return errors


def endpoint_errors(endpoint: str, path: str) -> list[FieldError]:
    """An absolute URL of a server."""
    wanted = "; desired format: https://host[/path]"
    url, problem = _split(endpoint)
    if url is None:
        return [required(path, f"url must be a valid URL: {problem}{wanted}")]
    problems = (
        (not url.netloc, "host must be specified"),
        ("@" in url.netloc, "user information is not permitted in the URL"),
        (bool(url.fragment), "fragments are not permitted in the URL"),
        (bool(url.query), "query parameters are not permitted in the URL"),
    )
    return [invalid_value(path, endpoint, text + wanted) for broken, text in problems if broken]


def _proxy_errors(proxy: str) -> list[FieldError]:
    path = "spec.proxyURL"
    url, problem = _split(proxy)
    if url is None:
        return [invalid_value(path, proxy, problem)]
    if url.scheme in PROXY_SCHEMES:
        return []
    text = f'unsupported scheme "{url.scheme}", must be http, https, or socks5'
    return [invalid_value(path, proxy, text)]


def _split(text: str) -> tuple[SplitResult | None, str]:
    """The parts of a URL, or why it is none."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        return None, f"parse {shown(text)}: {error}"
    head = text.split("/", 1)[0]
    if ":" in head and not url.scheme:
        return None, f"parse {shown(text)}: first path segment in URL cannot contain colon"
    return url, ""


def _zone_errors(zone: str, zones: Sequence[str]) -> list[FieldError]:
    if zone and zones:
        return [type_invalid("spec.spec", zone, "zone & zones cannot be set at the same time")]
    errors = each_invalid("spec.Zone", zone, label_value_errors(zone)) if zone else []
    for each in zones:
        errors += each_invalid("spec.Zones", each, label_value_errors(each))
    return errors


def taint_errors(taints: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        where = f"{path}[{index}]"
        key, value, effect = (taint.get(name) or "" for name in ("key", "value", "effect"))
        errors += each_invalid(f"{where}.key", key, qualified_name_errors(key))
        if texts := label_value_errors(value):
            errors.append(invalid_value(f"{where}.value", value, ";".join(texts)))
        if not effect:
            errors.append(required(f"{where}.effect"))
        elif effect not in TAINT_EFFECTS:
            errors.append(not_supported(f"{where}.effect", effect, TAINT_EFFECTS))
        if (key, effect) in known:
            text = f"Duplicate value: {shown(taint)}: taints must be unique by key and effect pair"
            errors.append(FieldError("FieldValueDuplicate", where, text))
        known.add((key, effect))
    return errors


def model_errors(models: Sequence[Object], path: str) -> list[FieldError]:
    """The first thing wrong with the models: they cover each resource from zero on, without gaps."""
    last = len(models) - 1
    for index, model in enumerate(models):
        previous = models[index - 1] if index else None
        problem = _model_problem(model, previous, is_last=index == last)
        if problem:
            return [invalid_value(path, models, problem)]
    return []


def _model_problem(model: Object, previous: Object | None, *, is_last: bool) -> str:
    ranges: list[Any] = model.get("ranges") or []
    before: list[Any] = (previous or {}).get("ranges") or []
    if previous is not None:
        if previous.get("grade") == model.get("grade"):
            return "The grade of each models should not be the same"
        if len(before) != len(ranges):
            return "The number of resource types should be the same"
    for index, each in enumerate(ranges):
        problem = _range_problem(each, before[index] if previous is not None else None)
        if problem:
            return problem
        if is_last and _quantity(each.get("max")) != _quantity(LARGEST):
            return "The max value of each resource in the last model should be MaxInt64"
    return ""


def _range_problem(each: Object, before: Object | None) -> str:
    low, high = _quantity(each.get("min")), _quantity(each.get("max"))
    if high <= low:
        return "The max value of each resource must be greater than the min value"
    if before is None:
        return "" if low.is_zero else "The min value of each resource in the first model should be 0"
    if before.get("name") != each.get("name"):
        return "The resource types of each models should be the same"
    if _quantity(before.get("max")) != low:
        return "Model intervals for resources must be contiguous and non-overlapping"
    return ""


def _quantity(value: Any) -> Quantity:
    try:
        return Quantity.parse(value or "0")
    except QuantityError:
        return Quantity.of(0)
