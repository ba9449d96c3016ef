"""The stock duties a control plane needs, put together: for main.py, where no kube-controller-manager runs.

In: the neighbours every controller gets. Out: namespace deletion, garbage collection, token Secrets,
aggregated ClusterRoles, certificates, bootstrap tokens and Jobs that ended, to be run. A control plane runs
no pods, so the duties around them are left to members.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from controllers.kube.bootstrap_signer import BootstrapSigner
from controllers.kube.certificate_approval import CertificateApprovalController
from controllers.kube.certificate_cleaning import CertificateCleaningController
from controllers.kube.certificate_signing import CertificateSigningController, SigningOptions
from controllers.kube.cluster_roles import ClusterRoleAggregationController
from controllers.kube.finished_jobs import FinishedJobController
from controllers.kube.garbage_collector import GarbageCollector
from controllers.kube.namespaces import NamespaceController
from controllers.kube.ownership import ties_alone
from controllers.kube.token_cleaner import TokenCleaner
from controllers.kube.token_secrets import TokenSecretController
from karmada.api.groups.kubernetes import (
    CERTIFICATE_SIGNING_REQUESTS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    JOBS,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer, Informers
from karmada.client.mapper import Mapper
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Controller


class MetadataInformers:
    """An async context manager; informers that keep identity and ownership alone, for kinds nobody else
    follows."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._informers: dict[GroupVersionResource, Informer[Object]] = {}

    def ensure(self, resource: Resource[Object]) -> Informer[Object]:
        """The informer of resource, started now if it was not."""
        informer = self._informers.get(resource.gvr)
        if informer is None:
            informer = Informer(
                self._client, resource, metadata_only=True, transform=ties_alone, clock=self._clock
            )
            self._informers[resource.gvr] = informer
            informer.start()
        return informer

    async def __aenter__(self) -> "MetadataInformers":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        informers, self._informers = list(self._informers.values()), {}
        for informer in informers:
            await informer.close()


@dataclass(frozen=True, slots=True)
class StockDuties:
    """Run each controller with run_controller, and collector.run_discovery besides."""

    controllers: tuple[Controller[Any], ...]
    collector: GarbageCollector


def stock_duties(
    *,
    informers: Informers,
    metadata: MetadataInformers,
    client: Client,
    mapper: Mapper,
    signing: SigningOptions,
    clock: Clock,
) -> StockDuties:
    """A kind that informers follows in full is not followed a second time."""

    def informer_for(resource: Resource[Object]) -> Informer[Any]:
        return informers.following(resource.gvr) or metadata.ensure(resource)

    collector = GarbageCollector(informer_for=informer_for, client=client, mapper=mapper, clock=clock)
    informers.ensure(CUSTOM_RESOURCE_DEFINITIONS).add_handler(
        _tells(collector.kinds_changed), name="collector"
    )
    namespaces = NamespaceController(
        namespaces=informers.ensure(NAMESPACES), client=client, mapper=mapper, clock=clock
    )
    tokens = TokenSecretController(
        secrets=informers.ensure(SECRETS),
        service_accounts=informers.ensure(SERVICE_ACCOUNTS),
        client=client,
        root_ca=(client.access.ca_data or b"").decode(),
    )
    roles = ClusterRoleAggregationController(cluster_roles=informers.ensure(CLUSTER_ROLES), client=client)
    jobs = FinishedJobController(jobs=informers.ensure(JOBS, needed=False), client=client, clock=clock)
    joining = (*_certificates(informers, client, signing, clock), *_bootstrap(informers, client, clock))
    return StockDuties((namespaces, tokens, roles, jobs, *joining, collector), collector)


def _certificates(
    informers: Informers, client: Client, signing: SigningOptions, clock: Clock
) -> Iterator[Controller[Any]]:
    requests = informers.ensure(CERTIFICATE_SIGNING_REQUESTS, needed=False)
    yield CertificateApprovalController(requests=requests, client=client, clock=clock)
    yield CertificateCleaningController(requests=requests, client=client, clock=clock)
    if signing.certificate_file:
        yield CertificateSigningController(requests=requests, client=client, options=signing, clock=clock)


def _bootstrap(informers: Informers, client: Client, clock: Clock) -> Iterator[Controller[Any]]:
    secrets = informers.ensure(SECRETS)
    yield BootstrapSigner(
        config_maps=informers.ensure(CONFIG_MAPS, needed=False), secrets=secrets, client=client, clock=clock
    )
    yield TokenCleaner(secrets=secrets, client=client, clock=clock)


def _tells(news: Callable[[], None]) -> Callable[[Change[Object]], None]:
    def changed(change: Change[Object]) -> None:
        if not change.initial:
            news()

    return changed
