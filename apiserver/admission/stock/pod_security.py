"""PodSecurity: what the labels of a namespace let the pods in it do.

In: pods, and workloads that make them; labels pod-security.kubernetes.io/{enforce,audit,warn}. Out: a 403, an
audit annotation or a warning. A namespace that becomes stricter is told which of its pods would not be let
in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from typing_extensions import override

from apiserver.admission.broken_rules import invalid_value
from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.stock.pod_security_checks import LATEST, violations
from karmada.api.errors import FieldError, invalid
from karmada.api.objects import Object, labels_of, metadata_of, name_of

PREFIX: Final = "pod-security.kubernetes.io/"
LEVELS: Final = ("privileged", "baseline", "restricted")
MAX_SHOWN_PODS: Final = 3000
Mode = Literal["enforce", "audit", "warn"]
_MODES: Final[tuple[Mode, ...]] = ("enforce", "audit", "warn")
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]{0,4})")
_TEMPLATES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "podtemplates"): ("template",),
    ("", "replicationcontrollers"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
}
_POD_CHANGES: Final = ("", "ephemeralcontainers", "resize")


class Policy(NamedTuple):
    level: str
    version: str

    @property
    def minor(self) -> int:
        found = _VERSION.fullmatch(self.version)
        return int(found.group(1)) if found else LATEST

    @override
    def __str__(self) -> str:
        return f"{self.level}:{self.version}"


def policy_of(labels: Mapping[str, str], mode: Mode) -> Policy:
    """What cannot be read is restricted where it is enforced, and nothing elsewhere."""
    level = labels.get(PREFIX + mode) or "privileged"
    version = labels.get(f"{PREFIX}{mode}-version") or "latest"
    if level not in LEVELS:
        level = "restricted" if mode == "enforce" else "privileged"
    return Policy(level, version if _VERSION.fullmatch(version) else "latest")


def label_errors(labels: Mapping[str, str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for mode in _MODES:
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            text = f"must be one of {', '.join(LEVELS)}"
            errors.append(invalid_value(f"metadata.labels[{PREFIX}{mode}]", level, text))
        if version is not None and version != "latest" and not _VERSION.fullmatch(version):
            text = 'must be "latest" or "v1.x"'
            errors.append(invalid_value(f"metadata.labels[{PREFIX}{mode}-version]", version, text))
    return errors


def reasons(policy: Policy, metadata: Object, spec: Object) -> str:
    return ", ".join(violations(policy.level, policy.minor, metadata, spec))


class PodSecurity(Plugin):
    name = "PodSecurity"

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        if context.operation not in ("CREATE", "UPDATE"):
            return False
        kind = (context.resource.group, context.resource.resource)
        if kind == ("", "pods"):
            return context.subresource in _POD_CHANGES
        return not context.subresource and (kind in _TEMPLATES or kind == ("", "namespaces"))

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        if obj is None:
            return
        kind = (context.resource.group, context.resource.resource)
        if kind == ("", "namespaces"):
            self._judge_namespace(obj, context)
            return
        namespace = context.reader.get("", "namespaces", "", context.namespace)
        labels = labels_of(namespace) if namespace is not None else {}
        if not any(PREFIX + mode in labels for mode in _MODES):
            return
        if kind == ("", "pods"):
            if context.old is None or context.old.get("spec") != obj.get("spec"):
                _judge(labels, metadata_of(obj), obj["spec"], context, enforced=True)
        elif (template := _at(obj, _TEMPLATES[kind])) is not None:
            metadata = template.get("metadata") or {}
            _judge(labels, metadata, template.get("spec") or {}, context, enforced=False)

    def _judge_namespace(self, namespace: Object, context: AdmissionContext) -> None:
        labels = labels_of(namespace)
        before = labels_of(context.old) if context.old is not None else {}
        if labels == before:
            return
        if errors := label_errors(labels):
            raise invalid("", "Namespace", name_of(namespace), errors)
        policy = policy_of(labels, "enforce")
        if context.old is None or policy == policy_of(before, "enforce") or policy.level == "privileged":
            return
        pods = context.reader.list("", "pods", name_of(namespace))[:MAX_SHOWN_PODS]
        if found := list(_existing(policy, pods)):
            head = (
                f'existing pods in namespace "{name_of(namespace)}" violate the new PodSecurity enforce level'
            )
            context.warnings.append(f'{head} "{policy}"')
            context.warnings.extend(found)


def _judge(
    labels: Mapping[str, str], metadata: Object, spec: Object, context: AdmissionContext, *, enforced: bool
) -> None:
    policies = {mode: policy_of(labels, mode) for mode in _MODES}
    if enforced:
        policy = policies["enforce"]
        context.annotations[PREFIX + "enforce-policy"] = str(policy)
        if text := reasons(policy, metadata, spec):
            raise context.forbidden(f'violates PodSecurity "{policy}": {text}')
    policy = policies["audit"]
    if text := reasons(policy, metadata, spec):
        context.annotations[PREFIX + "audit-violations"] = f'would violate PodSecurity "{policy}": {text}'
    policy = policies["warn"]
    if text := reasons(policy, metadata, spec):
        context.warnings.append(f'would violate PodSecurity "{policy}": {text}')


def _existing(policy: Policy, pods: Iterable[Object]) -> Iterator[str]:
    """Pods that would not be let in, those with the same reasons together."""
    alike: dict[str, list[str]] = {}
    for pod in pods:
        if text := reasons(policy, metadata_of(pod), pod.get("spec") or {}):
            alike.setdefault(text, []).append(name_of(pod))
    for text, names in sorted(alike.items(), key=lambda item: item[1][0]):
        others = len(names) - 1
        more = f" (and {others} other {'pod' if others == 1 else 'pods'})" if others else ""
        yield f"{names[0]}{more}: {text}"


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        obj = (obj or {}).get(step)
    return obj
