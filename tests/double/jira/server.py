"""A pretend Jira on a port of this machine."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from tests.double.jira.tracker import Tracker


@contextmanager
def serve(tracker: Tracker) -> Iterator[str]:
    """Its address, while it answers."""
    loop = asyncio.new_event_loop()
    started: list[int] = []
    ready = threading.Event()

    async def handle(request: web.Request) -> web.Response:
        text = await request.text()
        said = request.headers.get("Authorization", "")
        got = tracker.answer(request.method, request.path, json.loads(text) if text else None, said)
        return web.Response(status=got.status, body=got.bytes(), headers=got.headers)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        started.append(runner.addresses[0][1])
        ready.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{started[0]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
