"""Grant checks on the RBAC kinds: what rbac/escalation.py decides, as admission rules of those four kinds.

In: the rules of every kind and the index of who may do what. Out: the same rules, those of roles and
bindings with the check in front of their own refusals. Runs after validation, so what is judged is what
would be stored.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.rbac import RuleIndex, check_binding_write, check_role_write
from apiserver.request_info import UserInfo
from karmada.api.objects import Object

_GROUP: Final = "rbac.authorization.k8s.io"
_Check = Callable[[RuleIndex, UserInfo, Object, Object | None], None]
_CHECKS: Final[Mapping[str, _Check]] = {
    "roles": check_role_write,
    "clusterroles": check_role_write,
    "rolebindings": check_binding_write,
    "clusterrolebindings": check_binding_write,
}


def with_grant_checks(
    rules: Mapping[tuple[str, str], Rules], index: RuleIndex
) -> dict[tuple[str, str], Rules]:
    """rules, with nobody able to give away more than they have."""
    checked = dict(rules)
    for resource, check in _CHECKS.items():
        own = rules.get((_GROUP, resource), Rules())
        checked[_GROUP, resource] = replace(own, refuse=_refusing(check, index, own.refuse))
    return checked


def _refusing(
    check: _Check,
    index: RuleIndex,
    then: Callable[[Object, Object | None, AdmissionContext], Awaitable[None]] | None,
) -> Callable[[Object, Object | None, AdmissionContext], Awaitable[None]]:
    async def refuse(new: Object, old: Object | None, context: AdmissionContext) -> None:
        check(index, context.user, new, old)
        if then is not None:
            await then(new, old, context)

    return refuse
