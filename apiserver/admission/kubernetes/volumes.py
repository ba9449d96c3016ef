"""Rules of volumes, in the stock words: names, exactly one source, what each source cannot be without."""

from collections.abc import Sequence
from typing import Final

from apiserver.admission.broken_rules import duplicate, each_invalid, forbidden, invalid_value, required
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_label_errors

_NEEDED: Final = {
    "hostPath": ("path",),
    "secret": ("secretName",),
    "configMap": ("name",),
    "persistentVolumeClaim": ("claimName",),
    "nfs": ("server", "path"),
    "csi": ("driver",),
    "gitRepo": ("repository",),
    "iscsi": ("targetPortal", "iqn"),
    "awsElasticBlockStore": ("volumeID",),
    "gcePersistentDisk": ("pdName",),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "glusterfs": ("endpoints", "path"),
}


def volume_errors(volumes: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, volume in enumerate(volumes):
        where, name = f"{path}[{index}]", volume.get("name") or ""
        if not name:
            errors.append(required(f"{where}.name"))
        else:
            errors += each_invalid(f"{where}.name", name, dns_label_errors(name))
            if name in known:
                errors.append(duplicate(f"{where}.name", name))
            known.add(name)
        errors += _source_errors(volume, where)
    return errors


def _source_errors(volume: Object, path: str) -> list[FieldError]:
    sources = [name for name in volume if name != "name"]
    if not sources:
        return [required(path, "must specify a volume type")]
    errors = [forbidden(f"{path}.{name}", "may not specify more than 1 volume type") for name in sources[1:]]
    name = sources[0]
    source, where = volume[name] or {}, f"{path}.{name}"
    errors += [required(f"{where}.{part}") for part in _NEEDED.get(name, ()) if not source.get(part)]
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= 0o777:
        text = "must be a number between 0 and 0777 (octal), both inclusive"
        errors.append(invalid_value(f"{where}.defaultMode", mode, text))
    for index, item in enumerate(source.get("items") or ()):
        errors += _item_errors(item, f"{where}.items[{index}]", needs_key=name != "downwardAPI")
    return errors


def _item_errors(item: Object, path: str, *, needs_key: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if needs_key and not item.get("key"):
        errors.append(required(f"{path}.key"))
    place = item.get("path") or ""
    if not place:
        errors.append(required(f"{path}.path"))
    if place.startswith("/"):
        errors.append(invalid_value(f"{path}.path", place, "must be a relative path"))
    if ".." in place.split("/"):
        errors.append(invalid_value(f"{path}.path", place, "must not contain '..'"))
    return errors
