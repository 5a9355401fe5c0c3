"""BLAS with one thread for games of a size at which two would wait for each other.

Factorisations of some hundred to a few thousand rows are so short that the threads of OpenBLAS spend their time on
waiting: on two cores, games of 1,000 actions took three times as long with two threads as with one, and those of 5,000
two thirds of it. The number of threads is that of the whole process, and is put back afterwards.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

MANY = 3000  # actions from which on more threads are faster


@cache
def _controller() -> ThreadpoolController:
    """What knows the libraries that are loaded: numpy's and scipy's BLAS; milliseconds, so once."""
    return ThreadpoolController()


def suited_to(size: int) -> AbstractContextManager[object]:
    """A context in which BLAS has one thread, if the game has fewer than 3,000 actions."""
    if size >= MANY:
        return nullcontext()
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited
