"""What the benchmarks share: a table in Markdown, the machine it was made on, medians, a process that is killed."""

from __future__ import annotations

import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
CHEAP = 2.0  # seconds under which a measurement is repeated
REPEATS = 3
START = 120.0  # seconds for a process to load its libraries

Timed = tuple[float, Any]  # seconds, and what came of it


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]], right: range = range(0)) -> list[str]:
    """A Markdown table with columns of even width; those in `right` are numbers."""
    listed = [header, *rows]
    widths = [max(len(row[j]) for row in listed) for j in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(n) if j in right else c.ljust(n) for j, (c, n) in enumerate(zip(cells, widths, strict=True)))
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (n + 1) + ":" if j in right else "-" * (n + 2) for j, n in enumerate(widths))
    return [line(header), f"|{rule}|", *map(line, listed[1:])]


def machine(*packages: str) -> str:
    """Where this was measured, without names, and with which versions of the installed packages."""
    model = platform.processor() or "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines())
        model = next((value.strip() for key, _, value in lines if key.strip() == "model name"), model)
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    return f"{system}, {model}, {os.cpu_count()} cores, {', '.join(versions)}"


def timed(work: Callable[[], Any]) -> Timed:
    """The seconds that a call takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def repeated(measure: Callable[[], Timed], first: Timed | None = None) -> Timed:
    """The median seconds, of one measurement if it is dear, and the first result."""
    seconds, result = first or measure()
    times = [seconds]
    while seconds < CHEAP and len(times) < REPEATS:
        times.append(measure()[0])
    return median(times), result


@contextmanager
def process(target: Callable[..., None], *arguments: Any) -> Iterator[Callable[[float], Any]]:
    """Runs ``target(connection, *arguments)`` beside us, and kills it in the end.

    Yields a function that waits for its next message until a moment: None if there is none by then, or if it ended.
    Raises ``RuntimeError`` if it ended with an exception, which it has printed.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=target, args=(sender, *arguments), daemon=True)
    child.start()
    sender.close()

    def message(until: float) -> Any:
        try:
            return receiver.recv() if receiver.poll(max(0.0, until - time.monotonic())) else None
        except EOFError:
            child.join()
            if child.exitcode == 1:
                raise RuntimeError(f"{target.__name__} failed on {arguments}: see above") from None
            return None

    try:
        yield message
    finally:
        child.kill()
        child.join()
        receiver.close()


def result_of(target: Callable[..., None], *arguments: Any, limit: float) -> Any:
    """The one message of a process; None if it sends none within `limit` seconds of its "ready"."""
    with process(target, *arguments) as message:
        if message(time.monotonic() + START) != "ready":
            raise RuntimeError(f"{target.__name__} did not start on {arguments}")
        return message(time.monotonic() + limit)
