"""serve(): from options to a running server, and back down again in order.

Wires storage, resources, admission, handlers and filters; the only place that sees all of them.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from apiserver.app.auditing import auditing
from apiserver.app.bootstrap import Bootstrap
from apiserver.app.http import HttpBridge
from apiserver.app.in_process import in_process_client
from apiserver.app.kubeconfigs import write_kubeconfigs
from apiserver.app.options import ServerOptions
from apiserver.app.parts import Parts, build_parts
from apiserver.app.pipeline import pipeline
from apiserver.app.security import Security
from apiserver.handlers.streams.runtime import ContainerRuntime
from apiserver.request_info import Handler
from apiserver.storage.store import Store
from apiserver.storage.watch_cache import WatchCache
from etcd import Backend, StoreError, open_backend
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import StartError, address_trouble
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

START_SECONDS = 60.0
BACKLOG = 1024
MAX_HEADER = 64 * 1024
"""Bytes of the request line, and of each header: selectors and tokens can be long."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers. access is the administrator's."""

    url: str
    access: Access
    security: Security
    parts: Parts
    port: int
    handler: Handler
    """Answers a request after all filters; for clients in this process."""

    def client(self, *, user_agent: str, clock: Clock = SYSTEM_CLOCK) -> Client:
        """A client of the administrator that needs no connection. It must be closed before the server."""
        return in_process_client(self.handler, self.access, user_agent=user_agent, clock=clock)

    @property
    def certificate_directory(self) -> Path:
        return self.security.pki.directory


@asynccontextmanager
async def serve(
    options: ServerOptions, *, clock: Clock = SYSTEM_CLOCK, containers: ContainerRuntime | None = None
) -> AsyncIterator[RunningServer]:
    """A server that is ready, until the context is left. containers: who runs those of pods, if anybody.

    Raises StartError with one line for the user.
    """
    async with AsyncExitStack() as stack:
        directory = _certificate_directory(options, stack)
        security = await asyncio.to_thread(Security, options, directory, clock=clock)
        stack.push_async_callback(security.close)
        backend = await _open(options, stack, clock)
        tasks = await stack.enter_async_context(Tasks("apiserver"))
        store = await _load(options, backend, tasks, clock)
        parts = build_parts(store, security, options, backend=backend, clock=clock, containers=containers)
        stack.push_async_callback(parts.forwarder.close)
        stack.push_async_callback(parts.webhooks.close)
        audit = await auditing(stack, options.audit, tasks, clock)
        registry = CollectorRegistry()
        handler = pipeline(parts, security, options, registry=registry, audit=audit, clock=clock)
        parts.metrics.use(registry)
        bridge = HttpBridge(handler, passes_on=parts.dispatcher.passes_on)
        runner = web.ServerRunner(
            web.Server(bridge, access_log=None, max_line_size=MAX_HEADER, max_field_size=MAX_HEADER),
            shutdown_timeout=options.shutdown_seconds,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        port = await _listen(runner, security, options)
        stack.push_async_callback(_drain, parts, bridge)
        tasks.start(bridge.sweep(), name="closed streams")
        await Bootstrap(parts, security, options, port=port).run()
        parts.start_background(tasks)
        parts.ready = True
        host = "127.0.0.1" if options.host in ("", "0.0.0.0", "::") else options.host
        url = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        if options.certificate_directory:
            await asyncio.to_thread(write_kubeconfigs, security.pki, url)
        log.info("serving", extra={"url": url, "storage": options.storage})
        yield RunningServer(url, _admin(url, security), security, parts, port, handler)


def _certificate_directory(options: ServerOptions, stack: AsyncExitStack) -> Path:
    if options.certificate_directory:
        return Path(options.certificate_directory)
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="karmada-apiserver-")))


async def _open(options: ServerOptions, stack: AsyncExitStack, clock: Clock) -> Backend:
    try:
        backend = open_backend(
            options.storage,
            ca_file=options.etcd_cafile,
            cert_file=options.etcd_certfile,
            key_file=options.etcd_keyfile,
            clock=clock,
        )
        return await stack.enter_async_context(backend)
    except (StoreError, OSError) as error:
        raise StartError(f"storage {options.storage} cannot be opened: {error}") from error


async def _load(options: ServerOptions, backend: Backend, tasks: Tasks, clock: Clock) -> Store:
    """A store whose cache is loaded and follows the backend."""
    embedded = options.storage.startswith(("memory:", "sqlite:"))
    cache = WatchCache(backend, sole_writer=embedded)
    tasks.start(cache.run(), name="watch cache")
    try:
        async with asyncio.timeout(START_SECONDS):
            await cache.ready.wait()
    except TimeoutError as error:
        raise StartError(f"storage {options.storage} cannot be read within {START_SECONDS:.0f} s") from error
    return Store(backend, cache, clock=clock, sole_writer=embedded)


async def _listen(runner: web.ServerRunner, security: Security, options: ServerOptions) -> int:
    site = web.TCPSite(
        runner, options.host or None, options.port, ssl_context=security.tls(), backlog=BACKLOG
    )
    try:
        await site.start()
    except OSError as error:
        raise StartError(address_trouble(options.host, options.port, error, flag="--secure-port")) from error
    port: int = runner.addresses[0][1]
    return port


async def _drain(parts: Parts, bridge: HttpBridge) -> None:
    """Not ready any more; watches end, so that clients go elsewhere."""
    parts.ready = False
    bridge.draining = True
    for cache in parts.store.cache.collections():
        for watcher in cache.watchers():
            watcher.end()


def _admin(url: str, security: Security) -> Access:
    return Access(
        server=url,
        ca_data=security.pki.authority.certificate,
        client_certificate=security.pki.admin.certificate,
        client_key=security.pki.admin.key,
    )
