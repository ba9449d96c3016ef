"""Work: each manifest is pruned and marked with the Work it is in.

Whoever writes Works does the same beforehand, so that this changes nothing in them.
"""

from typing import Any, Final

import orjson

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.identity import ensure_id
from apiserver.admission.karmada.refusals import failed
from apiserver.admission.karmada.written_form import written_form
from karmada.api.groups.work import WorkSpec
from karmada.api.objects import Object
from karmada.api.wellknown import WORK_PERMANENT_ID_LABEL
from karmada.interpreter.native.managed_keys import with_managed_keys
from karmada.interpreter.native.prune import prune_manifest


def _default(work: Object, context: AdmissionContext) -> None:
    work_id = ensure_id(work, WORK_PERMANENT_ID_LABEL)
    spec = work.get("spec")
    if not isinstance(spec, dict):
        return  # the schema says so
    written_form(WorkSpec)(spec)
    workload = spec["workload"]
    if manifests := workload.get("manifests"):
        workload["manifests"] = [_marked(manifest, work_id) for manifest in manifests]


def _marked(manifest: Any, work_id: str) -> Object:
    """Raises WebhookFailure for what is no object with a kind."""
    if not isinstance(manifest, dict) or not manifest.get("kind"):
        text = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS).decode()
        failed("work", f"Object 'Kind' is missing in '{text}'")
    return with_managed_keys(prune_manifest(manifest), work_id)


RULES: Final = Rules(default=_default)
