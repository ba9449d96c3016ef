"""Role-based access control, pure: index.py decides, escalation.py checks grants, bootstrap.py begins."""

from apiserver.rbac.bootstrap import bootstrap_objects, reconciled
from apiserver.rbac.escalation import check_binding_write, check_role_write
from apiserver.rbac.index import MASTERS, Attributes, Decision, PolicyRule, RuleIndex

__all__ = [
    "MASTERS",
    "Attributes",
    "Decision",
    "PolicyRule",
    "RuleIndex",
    "bootstrap_objects",
    "check_binding_write",
    "check_role_write",
    "reconciled",
]
