"""The order of admission: namespace life cycle, the kind's own defaults, mutating plugins; then rules, then
plugins.

In: an object about to be written and its context. Out: the object changed in place, or a refusal. The rules
of each kind come from tables of (group, resource) in admission/kubernetes and admission/karmada; plugins
(webhooks) are given to the constructor by app.py.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.namespace_lifecycle import check_namespace
from karmada.api.errors import FieldError
from karmada.api.objects import Object

_NO_RULES = Rules()


class Plugin(Protocol):
    """An admission step beside the rules of each kind: for kinds that are not known in advance, such as
    registered webhooks, or for what looks at other objects."""

    name: str

    def concerns(self, context: AdmissionContext) -> bool:
        """Whether the step has anything to do with the request; asked on every write, so it must be cheap."""
        return True

    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        """A new object in its kind's shape, or None when nothing changed or obj was changed in place. obj is
        None on delete."""
        ...

    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        """Raises to refuse. obj is None on delete; context.old is then what goes."""
        ...


class Chain:
    """Everything that judges a write, in order. use() adds what is only there when the server is put
    together."""

    def __init__(
        self, rules: Mapping[tuple[str, str], Rules] | None = None, *, plugins: Sequence[Plugin] = ()
    ) -> None:
        self._rules = dict(rules or {})
        self._plugins = tuple(plugins)

    def use(self, *plugins: Plugin) -> None:
        """plugins run after those there are."""
        self._plugins += plugins

    def rules_of(self, context: AdmissionContext) -> Rules:
        return self._rules.get((context.resource.group, context.resource.resource), _NO_RULES)

    def default(self, obj: Object, context: AdmissionContext) -> None:
        """The kind's own defaults; runs again after each change by a plugin."""
        rules = self.rules_of(context)
        if rules.default is not None and not context.subresource:
            rules.default(obj, context)

    async def mutate(self, obj: Object, context: AdmissionContext) -> Object:
        """The object after mutating admission: obj itself or a new one, in shape and defaulted."""
        await check_namespace(context)
        obj = await self._round(obj, context)
        state = context.reinvocation
        if state.wanted:
            state.round = 1
            obj = await self._round(obj, context)
        return obj

    async def _round(self, obj: Object, context: AdmissionContext) -> Object:
        for plugin in self._concerned(context):
            changed = await plugin.mutate(obj, context)
            obj = obj if changed is None else changed
        return obj

    def _concerned(self, context: AdmissionContext) -> list[Plugin]:
        if context.judged:
            return []
        return [plugin for plugin in self._plugins if plugin.concerns(context)]

    def prepare(self, obj: Object, old: Object | None, context: AdmissionContext) -> None:
        rules = self.rules_of(context)
        if rules.prepare is not None and rules.concern(context):
            rules.prepare(obj, old, context)

    def errors(self, obj: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
        """Broken rules of the kind. May raise Forbidden."""
        rules = self.rules_of(context)
        if rules.validate is None:
            return []
        return rules.validate(obj, old, context)

    async def refuse(self, obj: Object, old: Object | None, context: AdmissionContext) -> None:
        """Validating admission. Raises what the client gets."""
        rules = self.rules_of(context)
        if rules.refuse is not None and rules.concern(context):
            await rules.refuse(obj, old, context)
        await self.review(obj, context)

    async def review(self, obj: Object | None, context: AdmissionContext) -> None:
        """The validating half of all plugins."""
        for plugin in self._concerned(context):
            await plugin.validate(obj, context)

    async def refuse_delete(self, obj: Object, context: AdmissionContext) -> None:
        await check_namespace(context)
        rules = self.rules_of(context)
        if rules.delete is not None:
            rules.delete(obj, context)
        for plugin in self._concerned(context):
            await plugin.mutate(None, context)
        await self.review(None, context)
