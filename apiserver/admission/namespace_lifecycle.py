"""NamespaceLifecycle: nothing is created in a namespace that is missing or going; some namespaces never go.

In: every create and delete. Out: 404 for a missing namespace, 403 for a terminating one. A namespace that the
cache does not know yet is looked up live, since it may have been made a moment ago through another server.
"""

from typing import Final

from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import Forbidden, NotFound
from karmada.api.objects import Object, is_deleting, name_of

IMMORTAL: Final = frozenset({"default", "kube-system", "kube-public"})
NAME_LABEL: Final = "kubernetes.io/metadata.name"
FINALIZER: Final = "kubernetes"
_EXEMPT: Final = frozenset({("authorization.k8s.io", "localsubjectaccessreviews")})


async def check_namespace(context: AdmissionContext) -> None:
    """Raises NotFound, Forbidden."""
    resource = context.resource
    if (resource.group, resource.resource) == ("", "namespaces"):
        if context.operation == "DELETE" and not context.subresource and context.name in IMMORTAL:
            raise context.forbidden("this namespace may not be deleted")
        return
    if context.operation != "CREATE" or not context.namespace or context.subresource:
        return
    if (resource.group, resource.resource) in _EXEMPT:
        return
    namespace = context.reader.get("", "namespaces", "", context.namespace)
    if namespace is None:
        namespace = await context.reader.get_live("", "namespaces", "", context.namespace)
    if namespace is None:
        raise NotFound(
            f'namespaces "{context.namespace}" not found',
            details={"name": context.namespace, "kind": "namespaces"},
        )
    if _is_terminating(namespace):
        raise _terminating(context)


def _default(namespace: Object, context: AdmissionContext) -> None:
    labels = namespace["metadata"].setdefault("labels", {})
    labels[NAME_LABEL] = name_of(namespace)


def _prepare(namespace: Object, old: Object | None, context: AdmissionContext) -> None:
    """spec.finalizers change only through /finalize; a new namespace always waits for its content."""
    spec = namespace.setdefault("spec", {})
    if old is None:
        finalizers = spec.get("finalizers") or []
        spec["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]
        namespace["status"] = {"phase": "Active"}
        return
    finalizers = (old.get("spec") or {}).get("finalizers")
    if finalizers:
        spec["finalizers"] = finalizers
    else:
        spec.pop("finalizers", None)


NAMESPACE_RULES: Final = Rules(default=_default, prepare=_prepare)


def _is_terminating(namespace: Object) -> bool:
    return is_deleting(namespace) or (namespace.get("status") or {}).get("phase") == "Terminating"


def _terminating(context: AdmissionContext) -> Forbidden:
    error = context.forbidden(
        f"unable to create new content in namespace {context.namespace} because it is being terminated"
    )
    error.details["causes"] = [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {context.namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
    return error
