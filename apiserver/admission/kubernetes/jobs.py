"""Job and CronJob: defaults, the generated selector of a Job, and what may not change."""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.kubernetes.pods import default_template
from apiserver.admission.kubernetes.workloads import IMMUTABLE, count_errors
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object, labels_of, metadata_of, name_of, uid_of

CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
JOB_NAME: Final = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID: Final = "controller-uid"
LEGACY_JOB_NAME: Final = "job-name"
BACKOFF_LIMIT: Final = 6
NO_BACKOFF_LIMIT: Final = 2147483647
RESTART_POLICIES: Final = ("OnFailure", "Never")


def _default_job(job: Object, context: AdmissionContext) -> None:
    spec = job.setdefault("spec", {})
    default_job_spec(spec)


def default_job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = spec["parallelism"] = 1
    if spec.get("parallelism") is None:
        spec["parallelism"] = 1
    per_index = spec.get("backoffLimitPerIndex") is not None
    spec.setdefault("backoffLimit", NO_BACKOFF_LIMIT if per_index else BACKOFF_LIMIT)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault(
        "podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    )
    spec.setdefault("manualSelector", False)
    default_template(spec.get("template"))


def _prepare_job(job: Object, old: Object | None, context: AdmissionContext) -> None:
    """A Job's pods are told apart by its uid, unless the user takes care of that."""
    spec = job.get("spec") or {}
    template = spec.get("template")
    if not isinstance(template, dict):
        return
    if old is None and not spec.get("manualSelector"):
        _generate_selector(job, spec, template)
    if labels_of(template) and not labels_of(job):
        job["metadata"]["labels"] = labels_of(template)


def _generate_selector(job: Object, spec: Object, template: Object) -> None:
    uid = uid_of(job)
    labels = {
        **labels_of(template),
        CONTROLLER_UID: uid,
        JOB_NAME: name_of(job),
        LEGACY_CONTROLLER_UID: uid,
        LEGACY_JOB_NAME: name_of(job),
    }
    template["metadata"] = {**metadata_of(template), "labels": labels}
    spec["selector"] = {"matchLabels": {CONTROLLER_UID: uid}}


def _validate_job(job: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = job.get("spec") or {}
    errors = count_errors(spec, "completions", "parallelism", "backoffLimit", "ttlSecondsAfterFinished")
    errors += restart_errors(spec, "spec.template.spec.restartPolicy")
    if old is None:
        return errors
    before = old.get("spec") or {}
    for name in ("completions", "selector", "completionMode"):
        if spec.get(name) != before.get(name):
            errors.append(invalid_value(f"spec.{name}", spec.get(name), IMMUTABLE))
    if not before.get("suspend") and spec.get("template") != before.get("template"):
        errors.append(invalid_value("spec.template", spec.get("template"), IMMUTABLE))
    return errors


def restart_errors(job_spec: Object, path: str) -> list[FieldError]:
    pod = (job_spec.get("template") or {}).get("spec")
    if not isinstance(pod, dict) or pod.get("restartPolicy") in RESTART_POLICIES:
        return []
    return [FieldError("FieldValueRequired", path, 'Required value: valid values: "OnFailure", "Never"')]


def _default_cron_job(cron_job: Object, context: AdmissionContext) -> None:
    spec = cron_job.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job: Any = (spec.get("jobTemplate") or {}).get("spec")
    if isinstance(job, dict):
        default_template(job.get("template"))


def _validate_cron_job(cron_job: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = cron_job.get("spec") or {}
    errors: list[FieldError] = []
    schedule = spec.get("schedule")
    if isinstance(schedule, str) and not schedule.startswith("@"):
        fields = schedule.split()
        if "TZ=" in schedule:
            text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            errors.append(invalid_value("spec.schedule", schedule, text))
        elif len(fields) != 5:
            text = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
            errors.append(invalid_value("spec.schedule", schedule, text))
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    return errors + restart_errors(job, "spec.jobTemplate.spec.template.spec.restartPolicy")


RULES: Final = {
    ("batch", "jobs"): Rules(default=_default_job, prepare=_prepare_job, validate=_validate_job),
    ("batch", "cronjobs"): Rules(default=_default_cron_job, validate=_validate_cron_job),
}
