"""A bar for long work, drawn on a stream that the caller names."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TextIO

WIDTH = 30
EVERY = 0.2  # seconds between drawings


def bar(stream: TextIO) -> Callable[[int, int], None]:
    """What draws ``[####....] 42 %`` over itself when called with what is done and the total (0: unknown)."""
    started = last = monotonic()
    finished = False

    def draw(done: int, total: int) -> None:
        nonlocal last, finished
        now = monotonic()
        over = 0 < total <= done
        if finished or (now - last < EVERY and not over):
            return
        last, finished = now, over
        if total:
            filled = WIDTH * min(done, total) // total
            text = (
                f"[{'#' * filled}{'.' * (WIDTH - filled)}] {100 * min(done, total) // total} %, {now - started:.0f} s"
            )
        else:
            text = f"{done:,} records, {now - started:.0f} s"
        stream.write(f"\r{text:<60}" + ("\n" if over else ""))
        stream.flush()

    return draw
