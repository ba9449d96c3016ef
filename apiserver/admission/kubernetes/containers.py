"""Rules of containers, in the stock words: names, images, ports, environment, resources, mounts, probes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import (
    duplicate,
    each_invalid,
    forbidden,
    invalid_value,
    not_found,
    not_negative,
    required,
)
from apiserver.admission.ingress_rules import port_errors, port_name_errors
from apiserver.admission.resource_names import is_extended
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.validation import dns_label_errors, qualified_name_errors

_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_STANDARD: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_ZERO: Final = Quantity.of(0)


def container_errors(
    containers: Sequence[Object], path: str, volumes: Mapping[str, Object]
) -> list[FieldError]:
    """The main containers. volumes: those of the pod, by name."""
    errors: list[FieldError] = []
    known: set[str] = set()
    ports: set[Any] = set()
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        errors += _common_errors(container, where, volumes, known)
        for name in _PROBES:
            if (probe := container.get(name)) is not None:
                errors += _probe_errors(probe, f"{where}.{name}", is_readiness=name == "readinessProbe")
        if lifecycle := container.get("lifecycle"):
            for name in ("postStart", "preStop"):
                if (handler := lifecycle.get(name)) is not None:
                    errors += _handler_errors(handler, f"{where}.lifecycle.{name}")
        if container.get("ports"):
            errors += _host_port_errors(container["ports"], f"{where}.ports", ports)
    return errors


def init_container_errors(
    containers: Sequence[Object], others: Sequence[Object], path: str, volumes: Mapping[str, Object]
) -> list[FieldError]:
    errors: list[FieldError] = []
    known = {container.get("name") or "" for container in others}
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        errors += _common_errors(container, where, volumes, known)
        if container.get("restartPolicy") == "Always":
            continue
        for name in ("lifecycle", *_PROBES):
            if container.get(name) is not None:
                text = "may not be set for init containers without restartPolicy=Always"
                errors.append(forbidden(f"{where}.{name}", text))
    return errors


def ephemeral_container_errors(
    containers: Sequence[Object], others: Sequence[Object], path: str
) -> list[FieldError]:
    errors: list[FieldError] = []
    known = {container.get("name") or "" for container in others}
    for index, container in enumerate(containers):
        where = f"{path}[{index}]"
        errors += _name_errors(container.get("name") or "", f"{where}.name", known)
        errors += _image_errors(container, where)
        for name in ("ports", "resources", "lifecycle", *_PROBES):
            if container.get(name):
                errors.append(forbidden(f"{where}.{name}", "field not allowed for an ephemeral container"))
    return errors


def _common_errors(
    container: Object, path: str, volumes: Mapping[str, Object], known: set[str]
) -> list[FieldError]:
    errors = _name_errors(container.get("name") or "", f"{path}.name", known)
    errors += _image_errors(container, path)
    if ports := container.get("ports"):
        errors += _ports_errors(ports, f"{path}.ports")
    if env := container.get("env"):
        errors += _env_errors(env, f"{path}.env")
    if mounts := container.get("volumeMounts"):
        errors += _mount_errors(mounts, f"{path}.volumeMounts", volumes)
    if resources := container.get("resources"):
        errors += resources_errors(resources, f"{path}.resources")
    return errors


def _name_errors(name: str, path: str, known: set[str]) -> list[FieldError]:
    if not name:
        return [required(path)]
    errors = each_invalid(path, name, dns_label_errors(name))
    if name in known:
        errors.append(duplicate(path, name))
    known.add(name)
    return errors


def _image_errors(container: Object, path: str) -> list[FieldError]:
    image = container.get("image") or ""
    if not image:
        return [required(f"{path}.image")]
    if image != image.strip():
        text = "must not have leading or trailing whitespace"
        return [invalid_value(f"{path}.image", image, text)]
    return []


def _ports_errors(ports: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"{path}[{index}]"
        if name := port.get("name"):
            texts = port_name_errors(name)
            errors += each_invalid(f"{where}.name", name, texts)
            if not texts and name in names:
                errors.append(duplicate(f"{where}.name", name))
            names.add(name)
        number = port.get("containerPort") or 0
        errors += (
            port_errors(number, f"{where}.containerPort") if number else [required(f"{where}.containerPort")]
        )
        if host := port.get("hostPort"):
            errors += port_errors(host, f"{where}.hostPort")
    return errors


def _host_port_errors(ports: Sequence[Object], path: str, known: set[Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, port in enumerate(ports):
        if not (number := port.get("hostPort")):
            continue
        taken = (port.get("protocol"), port.get("hostIP") or "", number)
        if taken in known:
            text = f"{taken[0]}/{taken[1]}/{number}"
            errors.append(duplicate(f"{path}[{index}].hostPort", text))
        known.add(taken)
    return errors


def _env_errors(env: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, variable in enumerate(env):
        name, source = variable.get("name") or "", variable.get("valueFrom")
        where = f"{path}[{index}]"
        if not name:
            errors.append(required(f"{where}.name"))
        elif "=" in name or not name.isprintable() or not name.isascii():
            text = (
                "a valid environment variable name must consist only of printable ASCII characters other "
                "than '='"
            )
            errors.append(invalid_value(f"{where}.name", name, text))
        if source is None:
            continue
        if variable.get("value"):
            text = "may not be specified when `value` is not empty"
            errors.append(invalid_value(f"{where}.valueFrom", "", text))
        if len(source) != 1:
            text = (
                "may not have more than one field specified at a time"
                if source
                else "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` "
                "or `fileKeyRef`"
            )
            errors.append(invalid_value(f"{where}.valueFrom", "", text))
    return errors


def _mount_errors(mounts: Sequence[Object], path: str, volumes: Mapping[str, Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    paths: set[str] = set()
    for index, mount in enumerate(mounts):
        where = f"{path}[{index}]"
        name, place = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errors.append(required(f"{where}.name"))
        if name not in volumes:
            errors.append(not_found(f"{where}.name", name))
        if not place:
            errors.append(required(f"{where}.mountPath"))
        if place in paths:
            errors.append(invalid_value(f"{where}.mountPath", place, "must be unique"))
        paths.add(place)
        sub = mount.get("subPath") or ""
        if sub.startswith("/"):
            errors.append(invalid_value(f"{where}.subPath", sub, "must be a relative path"))
        if ".." in sub.split("/"):
            errors.append(invalid_value(f"{where}.subPath", sub, "must not contain '..'"))
    return errors


# -- resources ----------------------------------------------------------------------------------------------


def resources_errors(resources: Object, path: str) -> list[FieldError]:
    """Amounts are not negative, requests stay within limits."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors: list[FieldError] = []
    parsed: dict[str, Quantity] = {}
    for name, value in limits.items():
        where = f"{path}.limits"
        errors += _resource_name_errors(name, where)
        parsed[name] = quantity = _quantity(value)
        errors += _amount_errors(name, quantity, where)
    for name, value in requests.items():
        where = f"{path}.requests"
        errors += _resource_name_errors(name, where)
        quantity = _quantity(value)
        errors += _amount_errors(name, quantity, where)
        limit = parsed.get(name)
        if limit is not None and is_extended(name) and quantity != limit:
            text = f"must be equal to {name} limit of {limit}"
            errors.append(invalid_value(where, str(quantity), text))
        elif limit is not None and quantity > limit:
            text = f"must be less than or equal to {name} limit of {limit}"
            errors.append(invalid_value(where, str(quantity), text))
    return errors


def _resource_name_errors(name: str, path: str) -> list[FieldError]:
    if name in _STANDARD or name.startswith("hugepages-"):
        return []
    errors = each_invalid(path, name, qualified_name_errors(name))
    if not errors and "/" not in name:
        errors.append(invalid_value(path, name, "must be a standard resource for containers"))
    return errors


def _amount_errors(name: str, quantity: Quantity, path: str) -> list[FieldError]:
    if quantity < _ZERO:
        text = "must be greater than or equal to 0"
        return [invalid_value(f"{path}[{name}]", str(quantity), text)]
    if is_extended(name) and not quantity.is_integer:
        return [invalid_value(f"{path}[{name}]", str(quantity), "must be an integer")]
    return []


def _quantity(value: Any) -> Quantity:
    try:
        return Quantity.parse(value)
    except QuantityError:
        return _ZERO  # decoding says so


# -- probes -------------------------------------------------------------------------------------------------


def _probe_errors(probe: Object, path: str, *, is_readiness: bool) -> list[FieldError]:
    errors = _handler_errors(probe, path)
    for name in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        errors += not_negative(f"{path}.{name}", probe.get(name))
    if not is_readiness and probe.get("successThreshold") != 1:
        errors.append(invalid_value(f"{path}.successThreshold", probe.get("successThreshold"), "must be 1"))
    return errors


def _handler_errors(handler: Object, path: str) -> list[FieldError]:
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    errors = [forbidden(f"{path}.{name}", "may not specify more than 1 handler type") for name in given[1:]]
    name = given[0]
    part, where = handler[name], f"{path}.{name}"
    if name == "exec" and not part.get("command"):
        errors.append(required(f"{where}.command"))
    if name in ("httpGet", "tcpSocket", "grpc"):
        errors += _port_reference_errors(part.get("port"), f"{where}.port")
    return errors


def _port_reference_errors(port: Any, path: str) -> list[FieldError]:
    if isinstance(port, str):
        return each_invalid(path, port, port_name_errors(port))
    return port_errors(port or 0, path)
