"""ResourceBinding and ClusterResourceBinding: an id on create, and dependencies that can be read."""

from functools import partial
from typing import Any, Final

import orjson

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.identity import ensure_id
from apiserver.admission.karmada.refusals import denied
from apiserver.admission.karmada.written_form import written_form
from karmada.api.groups.work import ResourceBindingSpec
from karmada.api.objects import Object, annotations_of
from karmada.api.wellknown import (
    CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL,
    DEPENDENCIES_ANNOTATION,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
)


def _default(binding: Object, context: AdmissionContext, *, label: str) -> None:
    """On create only; an id that came along is kept, so that a backup can be restored."""
    if context.operation != "CREATE":
        return
    ensure_id(binding, label)
    if isinstance(spec := binding.get("spec"), dict):
        written_form(ResourceBindingSpec)(spec)


async def _refuse(binding: Object, old: Object | None, context: AdmissionContext) -> None:
    text = annotations_of(binding).get(DEPENDENCIES_ANNOTATION)
    if text is None or is_dependency_list(text):
        return
    raise denied(
        "resourcebinding",
        f'annotation {DEPENDENCIES_ANNOTATION}: Invalid value: "{text}": must be a JSON array of dependent '
        "object references",
    )


def is_dependency_list(text: str) -> bool:
    try:
        items: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return items is None or (isinstance(items, list) and all(map(_is_reference, items)))


def _is_reference(item: Any) -> bool:
    if not isinstance(item, dict):
        return item is None
    texts = (item.get(name) for name in ("apiVersion", "kind", "namespace", "name"))
    return all(isinstance(value, str | None) for value in texts) and isinstance(
        item.get("labelSelector"), dict | None
    )


NAMESPACED_RULES: Final = Rules(
    default=partial(_default, label=RESOURCE_BINDING_PERMANENT_ID_LABEL), refuse=_refuse
)
CLUSTER_RULES: Final = Rules(default=partial(_default, label=CLUSTER_RESOURCE_BINDING_PERMANENT_ID_LABEL))
