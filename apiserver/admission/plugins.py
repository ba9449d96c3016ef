"""The admission steps that a server of ours always has, besides the rules of each kind."""

from apiserver.admission.chain import Plugin
from apiserver.admission.context import FollowingReader
from apiserver.admission.karmada.deletion_protection import DeletionProtection
from apiserver.admission.webhooks.asking import Asker
from apiserver.admission.webhooks.mutating import MutatingWebhooks
from apiserver.admission.webhooks.registry import HookRegistry
from apiserver.admission.webhooks.validating import ValidatingWebhooks
from apiserver.resources.definition import Resources
from apiserver.resources.versions import Versions
from apiserver.resources.webhook_calls import WebhookCaller


def stock_plugins(*, karmada: bool) -> tuple[Plugin, ...]:
    """In the order they run; registered webhooks come after them."""
    return (DeletionProtection(),) if karmada else ()


def registered_webhooks(
    reader: FollowingReader, resources: Resources, caller: WebhookCaller
) -> tuple[Plugin, ...]:
    """Mutating, then validating ones: they follow their configurations from now on."""
    asker = Asker(caller, Versions(resources))
    return (
        MutatingWebhooks(HookRegistry("mutating", reader.follow, resources, on_change=caller.forget), asker),
        ValidatingWebhooks(
            HookRegistry("validating", reader.follow, resources, on_change=caller.forget), asker
        ),
    )
