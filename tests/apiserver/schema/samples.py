"""Objects and schemas that several schema tests look at."""

from typing import Any, Final

from karmada.api.objects import Object

DEPLOYMENT: Final = "io.k8s.api.apps.v1.Deployment"
SECRET: Final = "io.k8s.api.core.v1.Secret"

OPEN_API: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["color"],
            "properties": {
                "color": {"type": "string", "enum": ["red", "green"]},
                "replicas": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
                "ratio": {"type": "number", "exclusiveMinimum": True, "minimum": 0, "multipleOf": 0.5},
                "label": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]*$"},
                "when": {"type": "string", "format": "date-time"},
                "port": {"x-kubernetes-int-or-string": True},
                "tags": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 3,
                    "x-kubernetes-list-type": "set",
                    "items": {"type": "string"},
                },
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "size": {
                                "type": "object",
                                "default": {"cpu": 1},
                                "properties": {"cpu": {"type": "integer"}},
                            },
                        },
                    },
                },
                "counts": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "integer"}},
                "note": {"type": "string", "nullable": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "template": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"data": {"type": "string"}},
                },
                "choice": {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                },
            },
        },
    },
}


def custom(**spec: Any) -> Object:
    """A custom object of OPEN_API; the required field is there."""
    return {
        "apiVersion": "ex.io/v1",
        "kind": "Foo",
        "metadata": {"name": "foo"},
        "spec": {"color": "red", **spec},
    }


def deployment(**pod: Any) -> Object:
    """A small Deployment; pod are fields of its pod spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1"}], **pod},
            },
        },
    }
