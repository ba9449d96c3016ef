"""Role-based access control: index.py decides, escalation.py checks grants, bootstrap.py begins.

authorizer.py is the seam at which RBAC and others are asked.
"""

from apiserver.rbac.authorizer import AlwaysAllow, AlwaysDeny, Authorizer, RbacAuthorizer, Union
from apiserver.rbac.bootstrap import bootstrap_objects, reconciled
from apiserver.rbac.escalation import check_binding_write, check_role_write
from apiserver.rbac.index import MASTERS, Attributes, Decision, PolicyRule, RuleIndex

__all__ = [
    "MASTERS",
    "AlwaysAllow",
    "AlwaysDeny",
    "Attributes",
    "Authorizer",
    "Decision",
    "PolicyRule",
    "RbacAuthorizer",
    "RuleIndex",
    "Union",
    "bootstrap_objects",
    "check_binding_write",
    "check_role_write",
    "reconciled",
]
