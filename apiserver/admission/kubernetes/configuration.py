"""ConfigMap and Secret: keys, sizes, immutability, and what types of Secrets need."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from apiserver.admission.broken_rules import (
    forbidden,
    immutable,
    invalid_value,
    required,
    too_long,
)
from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of

MAX_BYTES: Final = 1_048_576
KEY_MAX: Final = 253
REDACTED: Final = "<secret contents redacted>"
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
    "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"
SERVICE_ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"


def key_errors(key: str, path: str) -> list[FieldError]:
    texts: list[str] = []
    if len(key) > KEY_MAX:
        texts.append(f"must be no more than {KEY_MAX} bytes")
    if not _KEY.fullmatch(key):
        texts.append(_KEY_RULE)
    elif key == ".":
        texts.append("must not be '.'")
    elif key == "..":
        texts.append("must not be '..'")
    elif key.startswith(".."):
        texts.append("must not start with '..'")
    where = f"{path}[{key}]"
    return [invalid_value(where, key, text) for text in texts]


def _bytes_in(encoded: Mapping[str, str] | None) -> int:
    """How many bytes base64 texts stand for."""
    return sum(len(text) * 3 // 4 - text.count("=", -2) for text in (encoded or {}).values())


def _frozen_errors(obj: Object, old: Object, *fields: str) -> list[FieldError]:
    if not old.get("immutable"):
        return []
    text = "field is immutable when `immutable` is set"
    errors = [] if obj.get("immutable") else [forbidden("immutable", text)]
    return errors + [
        forbidden(field, text) for field in fields if (obj.get(field) or {}) != (old.get(field) or {})
    ]


# -- ConfigMap ----------------------------------------------------------------------------------------------


def _judge_config_map(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    errors: list[FieldError] = []
    size = 0
    for key, text in data.items():
        if not _KEY.fullmatch(key) or key[0] == "." or len(key) > KEY_MAX:
            errors += key_errors(key, "data")
        if key in binary:
            where = f"data[{key}]"
            errors.append(invalid_value(where, key, "duplicate of key present in binaryData"))
        size += len(text)
    if size * 4 > MAX_BYTES:
        size = sum(len(text.encode()) for text in data.values())
    for key in binary:
        errors += key_errors(key, "binaryData")
    if size + _bytes_in(binary) > MAX_BYTES:
        errors.append(too_long("[]", MAX_BYTES))
    if old is not None:
        errors += _frozen_errors(obj, old, "data", "binaryData")
    return errors


# -- Secret -------------------------------------------------------------------------------------------------


def _default_secret(obj: Object, context: AdmissionContext) -> None:
    if not obj.get("type"):
        obj["type"] = "Opaque"
    texts = obj.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}


def _judge_secret(obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    data, kind = obj.get("data") or {}, obj.get("type") or ""
    errors: list[FieldError] = []
    for key in data:
        errors += key_errors(key, "data")
    if _bytes_in(data) > MAX_BYTES:
        errors.append(too_long("data", MAX_BYTES))
    errors += _type_errors(obj, kind, data)
    if old is not None:
        if kind != old.get("type"):
            errors.append(immutable("type", kind))
        errors += _frozen_errors(obj, old, "data")
    return errors


def _type_errors(obj: Object, kind: str, data: Mapping[str, Any]) -> list[FieldError]:
    if kind == SERVICE_ACCOUNT_TOKEN:
        where = f"metadata.annotations[{SERVICE_ACCOUNT_NAME}]"
        return [] if annotations_of(obj).get(SERVICE_ACCOUNT_NAME) else [required(where)]
    if (key := _JSON_KEYS.get(kind)) is not None:
        return _json_errors(data.get(key), f"data[{key}]")
    if kind == "kubernetes.io/basic-auth":
        if "username" in data or "password" in data:
            return []
        return [required("data[username]"), required("data[password]")]
    if kind == "kubernetes.io/ssh-auth":
        return [] if data.get("ssh-privatekey") else [required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


_JSON_KEYS: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}


def _json_errors(encoded: str | None, path: str) -> list[FieldError]:
    if encoded is None:
        return [required(path)]
    try:
        orjson.loads(base64.b64decode(encoded))
    except orjson.JSONDecodeError:
        text = "unexpected end of JSON input" if not encoded else "invalid JSON"
        return [invalid_value(path, REDACTED, text)]
    except binascii.Error:
        return []  # decoding says so
    return []


CONFIG_MAP_RULES: Final = Rules(validate=_judge_config_map)
SECRET_RULES: Final = Rules(default=_default_secret, validate=_judge_secret)
