"""Ingress specs: the rules that Ingress and MultiClusterIngress share, in the stock words. Pure."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from apiserver.admission.broken_rules import each_invalid, invalid_value, not_supported, required
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import (
    dns_1035_label_errors,
    dns_subdomain_errors,
    path_segment_errors,
    wildcard_subdomain_errors,
)

PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_ODD_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_ODD_SUFFIXES: Final = ("/..", "/.")
_PORT_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def ingress_spec_errors(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    rules, default = spec.get("rules") or (), spec.get("defaultBackend")
    if not rules and default is None:
        text = "either `defaultBackend` or `rules` must be specified"
        errors.append(invalid_value("spec", None, text))
    if default is not None:
        errors += _backend_errors(default, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        errors += _rule_errors(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        path = f"spec.tls[{index}]"
        for number, host in enumerate(tls.get("hosts") or ()):
            errors += _host_errors(host, f"{path}.hosts[{number}]")
        if secret := tls.get("secretName"):
            errors += each_invalid(f"{path}.secretName", secret, dns_subdomain_errors(secret))
    if (name := spec.get("ingressClassName")) is not None:
        errors += each_invalid("spec.ingressClassName", name, dns_subdomain_errors(name))
    return errors


def _rule_errors(rule: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if host := rule.get("host"):
        if is_ip(host):
            errors.append(invalid_value(f"{path}.host", host, "must be a DNS name, not an IP address"))
        errors += _host_errors(host, f"{path}.host")
    http = rule.get("http")
    if http is None:
        return errors
    paths: Sequence[Object] = http.get("paths") or ()
    if not paths:
        errors.append(required(f"{path}.http.paths"))
    for index, each in enumerate(paths):
        errors += _path_errors(each, f"{path}.http.paths[{index}]")
    return errors


def _host_errors(host: str, path: str) -> list[FieldError]:
    rule = wildcard_subdomain_errors if "*" in host else dns_subdomain_errors
    return each_invalid(path, host, rule(host))


def _path_errors(each: Object, path: str) -> list[FieldError]:
    kind, text = each.get("pathType"), each.get("path") or ""
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    where = f"{path}.path"
    errors: list[FieldError] = []
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            errors.append(invalid_value(where, text, "must be an absolute path"))
        if text:
            errors += [
                invalid_value(where, text, f"must not contain '{odd}'")
                for odd in _ODD_SEQUENCES
                if odd in text
            ]
            errors += [
                invalid_value(where, text, f"cannot end with '{odd}'")
                for odd in _ODD_SUFFIXES
                if text.endswith(odd)
            ]
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            errors.append(invalid_value(where, text, "must be an absolute path"))
    else:
        errors.append(not_supported(f"{path}.pathType", kind, PATH_TYPES))
    return errors + _backend_errors(each.get("backend") or {}, f"{path}.backend")


def _backend_errors(backend: Object, path: str) -> list[FieldError]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid_value(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _resource_errors(resource, f"{path}.resource")
    if service is not None:
        return _service_errors(service, f"{path}.service")
    return [required(path, "must specify a service or resource backend")]


def _resource_errors(resource: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if (group := resource.get("apiGroup")) is not None:
        errors += each_invalid(f"{path}.apiGroup", group, dns_subdomain_errors(group))
    for part in ("kind", "name"):
        value = resource.get(part) or ""
        if value:
            errors += each_invalid(f"{path}.{part}", value, path_segment_errors(value))
        else:
            errors.append(required(f"{path}.{part}", f"{part} is required"))
    return errors


def _service_errors(service: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if name := service.get("name"):
        errors += each_invalid(f"{path}.name", name, dns_1035_label_errors(name))
    else:
        errors.append(required(f"{path}.name"))
    port = service.get("port") or {}
    name, number = port.get("name") or "", port.get("number") or 0
    if name and number:
        errors.append(invalid_value(path, "", "cannot set both port name & port number"))
    elif name:
        errors += each_invalid(f"{path}.port.name", name, port_name_errors(name))
    elif number:
        errors += port_errors(number, f"{path}.port.number")
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def load_balancer_errors(status: Object, path: str) -> list[FieldError]:
    """The addresses of a load balancer."""
    errors: list[FieldError] = []
    for index, point in enumerate(status.get("ingress") or ()):
        where = f"{path}[{index}]"
        if (ip := point.get("ip")) and not is_ip(ip):
            text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            errors.append(invalid_value(f"{where}.ip", ip, text))
        if host := point.get("hostname"):
            errors += each_invalid(f"{where}.hostname", host, dns_subdomain_errors(host))
            if is_ip(host):
                text = "must be a DNS name, not an IP address"
                errors.append(invalid_value(f"{where}.hostname", host, text))
    return errors


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def port_errors(port: int, path: str) -> list[FieldError]:
    if 1 <= port <= 65535:
        return []
    return [invalid_value(path, port, "must be between 1 and 65535, inclusive")]


def port_name_errors(name: str) -> list[str]:
    """An IANA service name."""
    problems = (
        (len(name) > 15, "must be no more than 15 characters"),
        (
            not re.fullmatch(r"[-a-z0-9]+", name),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (not re.search(r"[a-z]", name), "must contain at least one letter (a-z)"),
        ("--" in name, "must not contain consecutive hyphens"),
        (
            bool(name) and (name[0] == "-" or name[-1] == "-"),
            "must not begin or end with a hyphen",
        ),
    )
    return [text for broken, text in problems if broken]
