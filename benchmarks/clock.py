"""What the benchmarks of games share: medians of calls, short and long, and processes with so many threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

ENOUGH = 6.0  # seconds after which a call is not repeated
LEAST, MOST, SHORT = 3, 25, 0.3  # repetitions, and the seconds that short calls are repeated for
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def several(call: Callable[[], Any]) -> tuple[float, Any]:
    """The median seconds, and the first result."""
    times: list[float] = []
    first = None
    while not times or (sum(times) < ENOUGH and (len(times) < LEAST or (sum(times) < SHORT and len(times) < MOST))):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
        first = result if first is None else first
    return median(times), first


@contextmanager
def threads(number: int) -> Iterator[None]:
    """What a process that starts now may use."""
    kept = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, str(number)))
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def shown(seconds: float) -> str:
    """In milliseconds."""
    value = 1000 * seconds
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
