"""Volumes of a pod in detail. Lines for layout.tabulated."""

from collections.abc import Callable, Iterator
from typing import Final

from karmada.api.objects import Object
from karmada.cli.describing.layout import NONE


def volumes(spec: Object) -> Iterator[str]:
    found = spec.get("volumes") or ()
    yield "Volumes:" if found else f"Volumes:\t{NONE}"
    for volume in found:
        kind = next((key for key in volume if key != "name"), "emptyDir")
        yield f"  {volume.get('name')}:"
        yield from (f"    {line}" for line in _FORMS.get(kind, _other(kind))(volume.get(kind) or {}))


def _empty(source: Object) -> Iterator[str]:
    yield "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)"
    yield f"Medium:\t{source.get('medium', '')}"
    yield f"SizeLimit:\t{source.get('sizeLimit') or '<unset>'}"


def _secret(source: Object) -> Iterator[str]:
    yield "Type:\tSecret (a volume populated by a Secret)"
    yield f"SecretName:\t{source.get('secretName', '')}"
    yield f"Optional:\t{_word(source.get('optional'))}"


def _config_map(source: Object) -> Iterator[str]:
    yield "Type:\tConfigMap (a volume populated by a ConfigMap)"
    yield f"Name:\t{source.get('name', '')}"
    yield f"Optional:\t{_word(source.get('optional'))}"


def _host_path(source: Object) -> Iterator[str]:
    yield "Type:\tHostPath (bare host directory volume)"
    yield f"Path:\t{source.get('path', '')}"
    yield f"HostPathType:\t{source.get('type', '')}"


def _claim(source: Object) -> Iterator[str]:
    yield ("Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)")
    yield f"ClaimName:\t{source.get('claimName', '')}"
    yield f"ReadOnly:\t{_word(source.get('readOnly'))}"


def _projected(source: Object) -> Iterator[str]:
    yield "Type:\tProjected (a volume that contains injected data from multiple sources)"
    for each in source.get("sources") or ():
        if secret := each.get("secret"):
            yield f"SecretName:\t{secret.get('name', '')}"
            yield f"Optional:\t{_word(secret.get('optional'))}"
        elif "downwardAPI" in each:
            yield "DownwardAPI:\ttrue"
        elif config := each.get("configMap"):
            yield f"ConfigMapName:\t{config.get('name', '')}"
            yield f"Optional:\t{_word(config.get('optional'))}"
        elif token := each.get("serviceAccountToken"):
            yield f"TokenExpirationSeconds:\t{token.get('expirationSeconds')}"


def _other(kind: str) -> Callable[[Object], Iterator[str]]:
    def lines(source: Object) -> Iterator[str]:
        yield f"Type:\t{kind[:1].upper()}{kind[1:]}"
        for key, value in sorted(source.items()):
            if not isinstance(value, dict | list):
                yield f"{key[:1].upper()}{key[1:]}:\t{value}"

    return lines


def _word(value: object) -> str:
    return "true" if value else "false"


_FORMS: Final[dict[str, Callable[[Object], Iterator[str]]]] = {
    "emptyDir": _empty,
    "secret": _secret,
    "configMap": _config_map,
    "hostPath": _host_path,
    "persistentVolumeClaim": _claim,
    "projected": _projected,
}
