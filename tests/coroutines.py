"""Run a coroutine to its end, and leave the thread's event loop as it was.

`asyncio.run` takes the main thread's loop away afterwards, and Pulumi's mock runtime looks for one in a later test.
"""

import asyncio


def run(coroutine):
    """Return what a coroutine returns."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
