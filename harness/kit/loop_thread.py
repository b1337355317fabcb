"""A thread with an event loop, for ASGI applications in synchronous tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

END_TIMEOUT_S = 5.0
T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread, from its first use to the end of the `with` block.

    One for all tests: what an application creates when it is imported, such as a queue, belongs to
    the event loop that uses it first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def runs(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether an event loop is the one of this thread."""
        return self._thread is not None and loop is self._loop

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine."""
        with self._lock:
            if self._thread is None:
                self._start()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def cancel_tasks(self) -> None:
        """Cancel what a test has left behind, and wait up to `END_TIMEOUT_S` for its end."""
        if self._thread is not None:
            self.submit(self._cancel_tasks()).result()

    async def _cancel_tasks(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task(), self._main_task}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=END_TIMEOUT_S)

    def _start(self) -> None:
        running: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(running)), name="mews-asgi", daemon=True
        )
        self._thread.start()
        self._loop = running.result()

    async def _run(self, running: Future[asyncio.AbstractEventLoop]) -> None:
        self._stopping, self._main_task = asyncio.Event(), asyncio.current_task()
        running.set_result(asyncio.get_running_loop())
        await self._stopping.wait()
