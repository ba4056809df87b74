"""The proxies' own thread and event loop, and what they have in common: a port in front of a port, and an end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Final

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Serve = Callable[[Reader, Writer], Awaitable[None]]

SILENCE: Final = 30.0  # seconds without an answer; longer than any client waits
_HOST: Final = "127.0.0.1"
_LINE: Final = 1 << 20  # bytes that one line or head may have
_BROKEN: Final = (OSError, EOFError, asyncio.LimitOverrunError)


class Proxies(threading.Thread):
    """Runs every proxy of a run on one event loop."""

    def __init__(self) -> None:
        super().__init__(name="proxies", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._served: set[asyncio.Task[None] | None] = set()  # the loop itself holds tasks weakly
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Serve until ended; the thread's own entry."""
        self._loop.run_forever()

    def open(self, port: int, serve: Serve) -> None:
        """Have connections to this port served; each by one call, and closed afterwards."""
        opening = asyncio.start_server(self._closing(serve), _HOST, port, limit=_LINE)
        self._servers.append(asyncio.run_coroutine_threadsafe(opening, self._loop).result())

    def end(self) -> None:
        """End every connection, and the thread."""
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join()
        self._loop.close()

    def _closing(self, serve: Serve) -> Serve:
        async def served(reader: Reader, writer: Writer) -> None:
            task = asyncio.current_task()
            self._served.add(task)
            try:
                await serve(reader, writer)
            except _BROKEN:
                pass  # somebody was killed; the other side learns it by the close
            except Exception as error:  # noqa: BLE001 - told to whoever looks: the run is worth nothing
                self.failure = error
            finally:
                self._served.discard(task)
                writer.close()

        return served

    async def _end_all(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close in the next turn of the loop


async def reach(port: int) -> tuple[Reader, Writer]:
    """Connect to what stands behind."""
    return await asyncio.open_connection(_HOST, port, limit=_LINE)
