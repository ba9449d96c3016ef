"""The admission steps that a server of ours always has, besides the rules of each kind."""

from apiserver.admission.chain import Plugin
from apiserver.admission.context import FollowingReader
from apiserver.admission.karmada.deletion_protection import DeletionProtection
from apiserver.admission.match_conditions import WebhookConditions
from apiserver.admission.policies.mutating import MutatingPolicies, compile_mutating_policy
from apiserver.admission.policies.policy import compile_policy
from apiserver.admission.policies.registry import PolicyRegistry
from apiserver.admission.policies.requests import Requests
from apiserver.admission.policies.validating import ValidatingPolicies
from apiserver.admission.stock.limit_ranger import LimitRanger
from apiserver.admission.stock.pod_security import PodSecurity
from apiserver.admission.stock.pod_settings import (
    DefaultTolerationSeconds,
    PodPriority,
    RuntimeClassAdmission,
)
from apiserver.admission.stock.service_account import ServiceAccountAdmission
from apiserver.admission.webhooks.asking import Asker
from apiserver.admission.webhooks.mutating import MutatingWebhooks
from apiserver.admission.webhooks.registry import HookRegistry
from apiserver.admission.webhooks.validating import ValidatingWebhooks
from apiserver.rbac import Authorizer
from apiserver.resources.definition import Resources
from apiserver.resources.versions import Versions
from apiserver.resources.webhook_calls import WebhookCaller
from karmada.runtime.clock import Clock


def stock_plugins(*, karmada: bool, clock: Clock) -> tuple[Plugin, ...]:
    """In the order they run; registered webhooks come after them. Where pods only are templates for
    members, they are not given accounts."""
    first: tuple[Plugin, ...] = (DeletionProtection(),) if karmada else ()
    accounts: tuple[Plugin, ...] = () if karmada else (ServiceAccountAdmission(clock),)
    return (
        *first,
        LimitRanger(),
        *accounts,
        PodSecurity(),
        PodPriority(),
        DefaultTolerationSeconds(),
        RuntimeClassAdmission(),
    )


def registered_admission(
    reader: FollowingReader, resources: Resources, caller: WebhookCaller, authorizer: Authorizer
) -> tuple[Plugin, ...]:
    """Policies and webhooks, mutating, then validating ones: they follow their configurations from now on."""
    versions = Versions(resources)
    asker = Asker(caller, versions, WebhookConditions(authorizer))
    requests = Requests(versions, authorizer)
    mutating = PolicyRegistry("mutating", reader.follow, resources, compile_mutating_policy)
    validating = PolicyRegistry("validating", reader.follow, resources, compile_policy)
    return (
        MutatingPolicies(mutating, requests, resources),
        MutatingWebhooks(HookRegistry("mutating", reader.follow, resources, on_change=caller.forget), asker),
        ValidatingPolicies(validating, requests, resources),
        ValidatingWebhooks(
            HookRegistry("validating", reader.follow, resources, on_change=caller.forget), asker
        ),
    )
