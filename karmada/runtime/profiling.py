"""What a process spends its time on, over HTTP, where it was asked for: /debug/pprof.

In: requests. Out: text for people: tasks with their stacks (`goroutine`), a profile of some seconds
(`profile`), what fills the memory (`heap`), the command line (`cmdline`). The paths are those of Go's
processes; what they give is Python's own.
"""

import asyncio
import cProfile
import gc
import io
import pstats
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from karmada.runtime.observe import StartError, address_trouble

PATH: Final = "/debug/pprof"
PROFILES: Final = ("cmdline", "goroutine", "heap", "profile")
PROFILE_SECONDS: Final = 30.0
MOST_SECONDS: Final = 300.0
SHOWN: Final = 60
"""Functions in a profile, types in a heap."""


@asynccontextmanager
async def serve_profiles(host: str, port: int, *, flag: str = "") -> AsyncIterator[int]:
    """Serve PATH; yields the port (0 asks for any free one). Raises StartError as serve_health does."""
    app = web.Application()
    app.router.add_get(f"{PATH}/", _index)
    app.router.add_get(f"{PATH}/cmdline", _cmdline)
    app.router.add_get(f"{PATH}/goroutine", _tasks)
    app.router.add_get(f"{PATH}/heap", _heap)
    app.router.add_get(f"{PATH}/profile", _profile)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise StartError(address_trouble(host, port, error, flag=flag)) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _index(request: web.Request) -> web.Response:
    return web.Response(text="\n".join(f"{PATH}/{name}" for name in PROFILES) + "\n")


async def _cmdline(request: web.Request) -> web.Response:
    return web.Response(text="\x00".join(sys.argv))


async def _tasks(request: web.Request) -> web.Response:
    """Every task and where it waits."""
    tasks = sorted(asyncio.all_tasks(), key=lambda task: task.get_name())
    text = io.StringIO()
    text.write(f"{len(tasks)} tasks\n")
    for task in tasks:
        text.write(f"\n{task.get_name()}\n")
        task.print_stack(file=text)
    return web.Response(text=text.getvalue())


async def _heap(request: web.Request) -> web.Response:
    """What the collector knows of, by type."""
    counts = Counter(type(each).__qualname__ for each in gc.get_objects())
    lines = [f"{count:>10}  {name}" for name, count in counts.most_common(SHOWN)]
    return web.Response(text="\n".join(lines) + "\n")


async def _profile(request: web.Request) -> web.Response:
    """Functions by the time they took, over ?seconds=N. One at a time: the interpreter knows one profiler."""
    try:
        seconds = float(request.query.get("seconds", PROFILE_SECONDS))
    except ValueError:
        raise web.HTTPBadRequest(text="seconds is no number\n") from None
    if not 0 < seconds <= MOST_SECONDS:
        raise web.HTTPBadRequest(text=f"seconds must be between 0 and {MOST_SECONDS:.0f}\n")
    if sys.getprofile() is not None:
        raise web.HTTPConflict(text="a profile is being taken\n")
    profile = cProfile.Profile()
    profile.enable()
    try:
        await asyncio.sleep(seconds)
    finally:
        profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("cumulative").print_stats(SHOWN)
    return web.Response(text=text.getvalue())
