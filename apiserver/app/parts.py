"""The parts of a server and how they hold together: resources, admission, handlers, routes, background
work."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import orjson

from apiserver.admission import karmada as karmada_rules
from apiserver.admission import kubernetes as kubernetes_rules
from apiserver.admission.chain import Chain, Plugin
from apiserver.admission.context import Rules
from apiserver.admission.custom_resource_definitions import CRD_RULES
from apiserver.admission.karmada.quota_enforcement import FederatedQuotaAdmission
from apiserver.admission.kubernetes.service_addresses import ServiceAddresses
from apiserver.admission.namespace_lifecycle import NAMESPACE_RULES
from apiserver.admission.plugins import registered_admission, stock_plugins
from apiserver.admission.policies.written import POLICY_RULES
from apiserver.admission.quotas.charging import Charging
from apiserver.admission.quotas.resource_quota import QuotaAdmission
from apiserver.app.aggregation import LocalApis, aggregated_apis
from apiserver.app.crds import CustomResources
from apiserver.app.metrics import MetricsPage
from apiserver.app.options import ServerOptions
from apiserver.app.quota_ledger import StoredQuotas
from apiserver.app.reader import CacheReader
from apiserver.app.security import Security
from apiserver.app.webhook_identities import webhook_identities
from apiserver.filters.authentication import InvalidToken
from apiserver.filters.authorization import forbidden, with_authorization
from apiserver.handlers import health, tokens
from apiserver.handlers.aggregation.availability import ApiServices
from apiserver.handlers.cluster_proxy import ClusterProxy
from apiserver.handlers.connect import Forwarder
from apiserver.handlers.connecting import judged_connection
from apiserver.handlers.delete import DeleteHandler
from apiserver.handlers.discovery import Discovery
from apiserver.handlers.dispatch import Dispatcher
from apiserver.handlers.grants import with_grant_checks
from apiserver.handlers.health import Health
from apiserver.handlers.openapi import OpenApiHandler
from apiserver.handlers.pods import PodActions
from apiserver.handlers.preparation import Preparation
from apiserver.handlers.read import ReadHandler
from apiserver.handlers.reviews import AUTHENTICATION, AUTHORIZATION, Reviews
from apiserver.handlers.scale import ScaleHandler
from apiserver.handlers.signers import with_signer_checks
from apiserver.handlers.streams.handler import PodStreams
from apiserver.handlers.streams.runtime import ContainerRuntime
from apiserver.handlers.tokens import TokenOptions, Tokens
from apiserver.handlers.unstored import answering
from apiserver.handlers.watch import WatchHandler
from apiserver.handlers.write import WriteHandler
from apiserver.rbac import RuleIndex
from apiserver.request_info import Request, Response, UserInfo
from apiserver.resources.builtin import builtin_definitions
from apiserver.resources.custom import GROUP, RESOURCE
from apiserver.resources.definition import Resources
from apiserver.resources.karmada import karmada_definitions
from apiserver.resources.webhook_calls import WebhookCaller
from apiserver.schema.openapi import OpenApi
from apiserver.storage.store import Store
from etcd import Backend, StoreError
from karmada.api.groups.kubernetes import RESOURCE_QUOTAS
from karmada.api.groups.policy import FEDERATED_RESOURCE_QUOTAS
from karmada.client.webhooks import WebhookClient
from karmada.runtime.clock import Clock
from karmada.runtime.controller import run_controller
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

SIZE_SECONDS = 60.0
_RBAC_KINDS = {
    "roles": "Role",
    "rolebindings": "RoleBinding",
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
}


@dataclass(slots=True)
class Parts:
    """What a running server is made of."""

    store: Store
    backend: Backend
    resources: Resources
    rules: RuleIndex
    reader: CacheReader
    dispatcher: Dispatcher
    metrics: MetricsPage
    options: ServerOptions
    custom_resources: CustomResources
    forwarder: Forwarder
    api_services: ApiServices
    local_apis: LocalApis | None
    webhooks: WebhookCaller
    clock: Clock
    ready: bool = False

    def start_background(self, tasks: Tasks) -> None:
        tasks.start(self._watch_size(), name="storage size")
        tasks.start(
            run_controller(self.custom_resources, workers=1, clock=self.clock), name="custom resources"
        )
        tasks.start(run_controller(self.api_services, workers=2, clock=self.clock), name="api services")
        if self.local_apis is not None:
            tasks.start(run_controller(self.local_apis, workers=1, clock=self.clock), name="local apis")
        if self.options.compaction_seconds:
            tasks.start(self._compact(), name="compaction")

    async def _compact(self) -> None:
        """Forget what is older than one interval, so that history is bounded and old continue tokens
        expire."""
        before = self.store.cache.applied
        while True:
            await self.clock.sleep(self.options.compaction_seconds)
            try:
                await self.backend.compact(before)
            except StoreError as error:
                log.info("not compacted", extra={"reason": str(error)})
            before = self.store.cache.applied

    async def _watch_size(self) -> None:
        while True:
            try:
                self.metrics.size_bytes = await self.backend.size_bytes()
            except StoreError as error:
                log.info("storage size unknown", extra={"reason": str(error)})
            await self.clock.sleep(SIZE_SECONDS)


def build_parts(
    store: Store,
    security: Security,
    options: ServerOptions,
    *,
    backend: Backend,
    clock: Clock,
    containers: ContainerRuntime | None = None,
) -> Parts:
    resources = Resources()
    reader = CacheReader(store, resources)
    rules = RuleIndex()
    definitions = builtin_definitions()
    if options.karmada:
        definitions += karmada_definitions(search=options.search)
    resources.replace(remove=[], add=definitions)
    for resource, kind in _RBAC_KINDS.items():
        reader.follow("rbac.authorization.k8s.io", resource, partial(rules.apply, kind))
    addresses = ServiceAddresses()
    reader.follow("", "services", addresses.observe)
    authorizer = security.authorizer(rules)
    kind_rules = admission_rules(
        karmada=options.karmada,
        addresses=addresses,
        allow_no_execute=options.allow_no_execute_taint_policy,
    )
    judged = with_signer_checks(kind_rules, authorizer)
    preparation = Preparation(
        Chain(with_grant_checks(judged, rules), plugins=stock_plugins(karmada=options.karmada, clock=clock)),
        reader,
        clock,
    )
    caller = WebhookCaller(
        reader,
        WebhookClient(user_agent="kube-apiserver-admission"),
        identify=webhook_identities(options.admission_control_config_file),
    )
    preparation.chain.use(
        *registered_admission(reader, resources, caller, authorizer),
        *quota_plugins(store, resources, reader, options),
    )

    async def authorize(request: Request, verb: str) -> None:
        info = request.info
        other = replace(info, verb=verb)
        user = request.user or UserInfo("system:anonymous")
        decision = await authorizer.allowed(user, other)
        if not decision.allowed:
            raise forbidden(user, other, decision.reason)

    metrics = MetricsPage(store.cache)
    reads = ReadHandler(store=store)
    deletes = DeleteHandler(store=store, reads=reads, preparation=preparation)
    dispatcher = Dispatcher(
        resources=resources,
        reads=reads,
        watches=WatchHandler(store=store, observe=metrics.watch_ended),
        writes=WriteHandler(store=store, resources=resources, preparation=preparation, authorize=authorize),
        deletes=deletes,
    )
    scale = ScaleHandler(store=store, resources=resources, preparation=preparation)
    dispatcher.on_subresource("scale", scale.handle)
    actions = PodActions(store=store, resources=resources, preparation=preparation, deletes=deletes)
    streams = PodStreams(store=store, runtime=containers)
    _add_pods(dispatcher, actions, streams, preparation)
    forwarder = Forwarder()
    if options.karmada:
        proxy = ClusterProxy(
            reader=reader, forwarder=forwarder, local=with_authorization(dispatcher.handle, authorizer)
        )
        handle = judged_connection(proxy.handle, preparation)
        dispatcher.on_resource("cluster.karmada.io", "clusters", handle, subresource="proxy")
    custom = CustomResources(
        store=store, resources=resources, reader=reader, deletes=deletes, caller=caller, clock=clock
    )
    services = aggregated_apis(
        store=store,
        resources=resources,
        reader=reader,
        forwarder=forwarder,
        dispatcher=dispatcher,
        security=security,
        clock=clock,
    )
    parts = Parts(
        store,
        backend,
        resources,
        rules,
        reader,
        dispatcher,
        metrics,
        options,
        custom,
        forwarder,
        services,
        LocalApis(resources=resources, reader=reader, dispatcher=dispatcher) if options.karmada else None,
        caller,
        clock,
    )
    _add_paths(parts)
    _add_reviews(parts, security, preparation)
    return parts


def quota_plugins(
    store: Store, resources: Resources, reader: CacheReader, options: ServerOptions
) -> list[Plugin]:
    """The last steps of admission: what gets that far is charged."""
    plugins: list[Plugin] = []
    if options.karmada and options.feature_gates["FederatedQuotaEnforcement"]:
        ledger = StoredQuotas(store, resources, *FEDERATED_RESOURCE_QUOTAS.gvr)
        plugins.append(FederatedQuotaAdmission(Charging(reader, ledger)))
    ledger = StoredQuotas(store, resources, *RESOURCE_QUOTAS.gvr)
    return [*plugins, QuotaAdmission(Charging(reader, ledger))]


def admission_rules(
    *, karmada: bool, addresses: ServiceAddresses, allow_no_execute: bool = False
) -> dict[tuple[str, str], Rules]:
    """What each kind's own module says. Karmada's kinds are only judged where they are served."""
    rules: dict[tuple[str, str], Rules] = {(GROUP, RESOURCE): CRD_RULES, ("", "namespaces"): NAMESPACE_RULES}
    rules.update(kubernetes_rules.rules(addresses, runs_pods=not karmada))
    rules.update(POLICY_RULES)
    if karmada:
        rules.update(karmada_rules.RULES)
        taints = karmada_rules.taint_policies
        rules[taints.KIND] = taints.rules(allow_no_execute=allow_no_execute)
    return rules


def _add_pods(
    dispatcher: Dispatcher, actions: PodActions, streams: PodStreams, preparation: Preparation
) -> None:
    dispatcher.on_resource("", "bindings", actions.bind_legacy)
    dispatcher.on_resource("", "pods", actions.bind, subresource="binding")
    dispatcher.on_resource("", "pods", actions.evict, subresource="eviction")
    dispatcher.on_resource("", "pods", streams.log, subresource="log")
    for stream in ("exec", "attach", "portforward"):
        handle = judged_connection(streams.stream, preparation)
        dispatcher.on_resource("", "pods", handle, subresource=stream)


def _add_paths(parts: Parts) -> None:
    dispatcher, cache = parts.dispatcher, parts.store.cache
    services = parts.api_services
    discovery = Discovery(parts.resources, services.remote_versions)
    services.on_news = discovery.invalidate
    dispatcher.on_prefix("/api", discovery.handle)
    dispatcher.on_prefix("/apis", discovery.handle)
    documents = OpenApiHandler(OpenApi(parts.resources), remote=services.remote_documents, clock=parts.clock)
    dispatcher.on_path("/openapi/v2", documents.v2)
    dispatcher.on_prefix("/openapi/v3", documents.v3)
    checks = Health(
        {
            "etcd": lambda: cache.ready.is_set() and cache.reachable,
            "informer-sync": lambda: parts.ready,
            "shutdown": lambda: parts.ready,
        }
    )
    for root in health.ROOTS:
        dispatcher.on_prefix(root, checks.handle)
    dispatcher.on_path("/metrics", parts.metrics.handle)

    async def index(request: Request) -> Response:
        return Response(200, orjson.dumps({"paths": [path for path in dispatcher.paths if path != "/"]}))

    dispatcher.on_path("/", index)

    async def version(request: Request) -> Response:
        return health.version(request)

    dispatcher.on_path("/version", version)


def _add_reviews(parts: Parts, security: Security, preparation: Preparation) -> None:
    dispatcher, options = parts.dispatcher, parts.options

    async def review_token(
        token: str, audiences: Sequence[str]
    ) -> tuple[UserInfo | None, tuple[str, ...], str]:
        if security.bearer is None:
            return None, (), "invalid bearer token"
        try:
            identity = await security.bearer.review(token, audiences)
        except InvalidToken as error:
            return None, (), str(error)
        return identity.user, identity.audiences, ""

    reviews = Reviews(
        security.authorizer(parts.rules), parts.rules, review_token, security.audiences, clock=parts.clock
    )
    handler = answering(reviews.create, parts.resources)
    for resource in ("selfsubjectreviews", "tokenreviews"):
        dispatcher.on_resource(AUTHENTICATION, resource, handler)
    for resource in (
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
    ):
        dispatcher.on_resource(AUTHORIZATION, resource, handler)
    issuer = options.service_account_issuer
    requests = Tokens(security.keys, parts.reader.lookup, TokenOptions(issuer), clock=parts.clock)
    create_token = answering(requests.create, parts.resources, preparation=preparation)
    dispatcher.on_resource("", "serviceaccounts", create_token, subresource="token")

    async def configuration(request: Request) -> Response:
        host = request.headers.get("host", "localhost")
        return tokens.openid_configuration(security.keys, issuer, f"https://{host}{tokens.JWKS_PATH}")

    async def key_set(request: Request) -> Response:
        return tokens.jwks(security.keys)

    dispatcher.on_path(tokens.CONFIGURATION_PATH, configuration)
    dispatcher.on_path(tokens.JWKS_PATH, key_set)
