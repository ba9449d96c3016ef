"""Job and CronJob: what is filled in, and what is refused."""

import zoneinfo
from functools import lru_cache
from typing import Any, Final

from apiserver.admission.broken_rules import (
    immutable,
    invalid_value,
    not_negative,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.cron import schedule_problem
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes.pod_defaults import default_template
from apiserver.admission.kubernetes.pod_rules import selector_errors, selects, template_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object, labels_of, name_of, uid_of
from karmada.api.validation import dns_subdomain_errors

MAX_INT32: Final = 2_147_483_647
BACKOFF_LIMIT: Final = 6
CRON_JOB_NAME_MAX: Final = 52
CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
JOB_NAME: Final = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID: Final = "controller-uid"
LEGACY_JOB_NAME: Final = "job-name"
COMPLETION_MODES: Final = ("Indexed", "NonIndexed")
CONCURRENCY_POLICIES: Final = ("Allow", "Forbid", "Replace")
_FIXED: Final = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy")
_MUTABLE_WHILE_SUSPENDED: Final = ("nodeSelector", "affinity", "tolerations", "schedulingGates")


# -- Job ----------------------------------------------------------------------------------------------------


def _default_job(job: Object, context: AdmissionContext) -> None:
    spec = job["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = BACKOFF_LIMIT if spec.get("backoffLimitPerIndex") is None else MAX_INT32
    template = spec["template"]
    if not labels_of(job) and labels_of(template):
        job["metadata"]["labels"] = dict(labels_of(template))
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    has_policy = spec.get("podFailurePolicy") is not None
    spec.setdefault("podReplacementPolicy", "Failed" if has_policy else "TerminatingOrFailed")
    default_template(template)


def _prepare_job(job: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None and not job["spec"].get("manualSelector"):
        generate_selector(job)
        if not labels_of(job):
            job["metadata"]["labels"] = dict(labels_of(job["spec"]["template"]))


def generate_selector(job: Object) -> None:
    """Pods of a job are found by its uid; labels and selector that were given stay, and are checked."""
    spec, uid, name = job["spec"], uid_of(job), name_of(job)
    labels = {**labels_of(spec["template"])}
    if JOB_NAME not in labels:
        labels[LEGACY_JOB_NAME] = labels[JOB_NAME] = name
    if CONTROLLER_UID not in labels:
        labels[LEGACY_CONTROLLER_UID] = labels[CONTROLLER_UID] = uid
    spec["template"]["metadata"]["labels"] = labels
    selector = dict(spec.get("selector") or {})
    selector["matchLabels"] = {CONTROLLER_UID: uid, **(selector.get("matchLabels") or {})}
    spec["selector"] = selector


def _judge_job(job: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = job["spec"]
    errors = _job_spec_errors(spec, "spec")
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        errors += selector_errors(selector, "spec.selector")
        if not spec.get("manualSelector"):
            errors += _generated_selector_errors(job, selector)
        if selects(selector, labels_of(spec["template"])) is False:
            text = "`selector` does not match template `labels`"
            errors.append(
                invalid_value("spec.template.metadata.labels", labels_of(spec["template"]) or None, text)
            )
    return errors if old is None else errors + _job_changes(job, old)


def _generated_selector_errors(job: Object, selector: Object) -> list[FieldError]:
    labels, uid, name = labels_of(job["spec"]["template"]), uid_of(job), name_of(job)
    errors: list[FieldError] = []
    expected = (
        (CONTROLLER_UID, uid),
        (LEGACY_CONTROLLER_UID, uid),
        (JOB_NAME, name),
        (LEGACY_JOB_NAME, name),
    )
    for label, value in expected:
        found = labels.get(label)
        if found is None:
            text = f"must be '{value}'"
            errors.append(required(f"spec.template.metadata.labels[{label}]", text))
        elif found != value:
            text = f"must be '{value}'"
            errors.append(invalid_value("spec.template.metadata.labels", labels, text))
    wanted = {CONTROLLER_UID: uid}
    legacy = {LEGACY_CONTROLLER_UID: uid}
    if selector.get("matchExpressions") or selector.get("matchLabels") not in (wanted, legacy):
        errors.append(invalid_value("spec.selector", selector, "`selector` not auto-generated"))
    return errors


def _job_spec_errors(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        errors += not_negative(f"{path}.{name}", spec.get(name))
    mode = spec.get("completionMode")
    if mode is not None and mode not in COMPLETION_MODES:
        errors.append(not_supported(f"{path}.completionMode", mode, COMPLETION_MODES))
    indexed = mode == "Indexed"
    if indexed and spec.get("completions") is None:
        text = "when completion mode is Indexed"
        errors.append(required(f"{path}.completions", text))
    if not indexed and spec.get("backoffLimitPerIndex") is not None:
        text = "requires indexed completion mode"
        errors.append(invalid_value(f"{path}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], text))
    template = spec.get("template") or {}
    errors += template_errors(template, f"{path}.template")
    policy = (template.get("spec") or {}).get("restartPolicy") or ""
    where = f"{path}.template.spec.restartPolicy"
    if policy in ("", "Always"):
        errors.append(required(where, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errors.append(not_supported(where, policy, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        errors.append(invalid_value(where, policy, text))
    return errors


def _job_changes(job: Object, old: Object) -> list[FieldError]:
    spec, before = job["spec"], old["spec"]
    errors: list[FieldError] = []
    if spec.get("completions") != before.get("completions") and not _scales_indexes(spec, before):
        errors.append(immutable("spec.completions", spec.get("completions")))
    errors += [
        immutable(f"spec.{name}", spec.get(name)) for name in _FIXED if spec.get(name) != before.get(name)
    ]
    template, earlier = spec.get("template") or {}, before.get("template") or {}
    if template != earlier and _is_idle(before, old.get("status") or {}):
        template, earlier = _fixed_part(template), _fixed_part(earlier)
    if template != earlier:
        errors.append(immutable("spec.template", spec.get("template")))
    return errors


def _scales_indexes(spec: Object, before: Object) -> bool:
    """The completions of an indexed job may follow its parallelism."""
    if spec.get("completionMode") != "Indexed":
        return False
    return spec.get("completions") == spec.get("parallelism") and before.get("completions") == before.get(
        "parallelism"
    )


def _is_idle(spec: Object, status: Object) -> bool:
    return bool(spec.get("suspend")) and status.get("startTime") is None


def _fixed_part(template: Object) -> Object:
    """What does not change even while a job waits to be started."""
    metadata = {
        name: value
        for name, value in (template.get("metadata") or {}).items()
        if name not in ("labels", "annotations")
    }
    pod: dict[str, Any] = {
        name: value
        for name, value in (template.get("spec") or {}).items()
        if name not in _MUTABLE_WHILE_SUSPENDED
    }
    for part in ("containers", "initContainers"):
        if part in pod:
            pod[part] = [
                {name: value for name, value in container.items() if name != "resources"}
                for container in pod[part]
            ]
    return {"metadata": metadata, "spec": pod}


# -- CronJob ------------------------------------------------------------------------------------------------


def _default_cron_job(job: Object, context: AdmissionContext) -> None:
    """The template of its jobs gets no counts or selector: each job is completed when it is made."""
    spec = job["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    default_template(spec["jobTemplate"]["spec"]["template"])


def _judge_cron_job(job: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec, name = job["spec"], name_of(job)
    errors: list[FieldError] = []
    if len(name) > CRON_JOB_NAME_MAX and not dns_subdomain_errors(name):
        text = f"must be no more than {CRON_JOB_NAME_MAX} characters"
        errors.append(invalid_value("metadata.name", name, text))
    errors += _schedule_errors(spec.get("schedule") or "", spec.get("timeZone"))
    errors += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if (policy := spec.get("concurrencyPolicy") or "") not in CONCURRENCY_POLICIES:
        errors.append(not_supported("spec.concurrencyPolicy", policy, CONCURRENCY_POLICIES))
    for limit in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        errors += not_negative(f"spec.{limit}", spec.get(limit))
    return errors + _job_spec_errors(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec")


def _schedule_errors(schedule: str, zone: str | None) -> list[FieldError]:
    path = "spec.schedule"
    if not schedule:
        errors = [required(path)]
    elif "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors = [invalid_value(path, schedule, text)]
    else:
        problem = schedule_problem(schedule)
        errors = [invalid_value(path, schedule, problem)] if problem else []
    if zone is not None and (problem := zone_problem(zone)):
        errors.append(invalid_value("spec.timeZone", zone, problem))
    return errors


@lru_cache(maxsize=256)
def zone_problem(zone: str) -> str:
    if not zone:
        return "timeZone must be nil or non-empty string"
    if zone.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return f"unknown time zone {zone}"
    return ""


JOB_RULES: Final = Rules(default=_default_job, prepare=_prepare_job, validate=of_main_resource(_judge_job))
CRON_JOB_RULES: Final = Rules(default=_default_cron_job, validate=of_main_resource(_judge_cron_job))
