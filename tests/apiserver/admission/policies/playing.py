"""Policies and bindings for tests, and a write that they judge."""

from typing import Any

from karmada.api.objects import Object
from tests.apiserver.serving import Plane, Reply

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
RULE: Object = {
    "apiGroups": ["", "apps"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE", "DELETE"],
    "resources": ["configmaps", "deployments"],
}


def policy(kind: str, **spec: Any) -> Object:
    selecting = {"resourceRules": [RULE], "objectSelector": {"matchLabels": {"judged": "yes"}}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicy",
        "metadata": {"name": "p"},
        "spec": {"matchConstraints": selecting, **spec},
    }


def binding(kind: str, **spec: Any) -> Object:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}AdmissionPolicyBinding",
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", **spec},
    }


async def register(plane: Plane, kind: str, policy_spec: Object, binding_spec: Object) -> None:
    """Replaces what was registered before."""
    lower = kind.lower()
    for resource, obj in (
        ("policies", policy(kind, **policy_spec)),
        ("policybindings", binding(kind, **binding_spec)),
    ):
        path = f"{GROUP}/{lower}admission{resource}"
        await plane.delete(f"{path}/{obj['metadata']['name']}")
        reply = await plane.post(path, obj)
        assert reply.status == 201, reply.message


def judged_map(name: str = "vv", **data: str) -> Object:
    metadata = {"name": name, "labels": {"judged": "yes"}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": data or {"a": "1", "b": "2"},
    }


async def write(plane: Plane, obj: Object | None = None) -> Reply:
    return await plane.post(f"{MAPS}?dryRun=All", obj or judged_map())


def causes(reply: Reply) -> list[tuple[str, str]]:
    found = (reply.object.get("details") or {}).get("causes") or []
    return [(cause["field"], cause["message"]) for cause in found]
