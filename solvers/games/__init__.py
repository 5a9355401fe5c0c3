"""Preference games: their equilibria to a certified gap, or exactly.

A game (``PreferenceGame``) knows no algorithm; THE JUDGE of any policy is ``exploitability``. One file, one algorithm.
Functions are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvers.games.equilibrium import Equilibrium
    from solvers.games.first_order.mirror_descent import mirror_descent
    from solvers.games.game import (
        PreferenceGame,
        exact_exploitability,
        exploitability,
        skew_game,
        symmetrised,
    )
    from solvers.games.payoffs import GameTooLarge

_LAZY = {
    "equilibrium": ("Equilibrium",),
    "first_order.mirror_descent": ("mirror_descent",),
    "game": ("PreferenceGame", "exact_exploitability", "exploitability", "skew_game", "symmetrised"),
    "payoffs": ("GameTooLarge",),
}
_MODULE_OF = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "Equilibrium",
    "GameTooLarge",
    "PreferenceGame",
    "exact_exploitability",
    "exploitability",
    "mirror_descent",
    "skew_game",
    "symmetrised",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'solvers.games' has no attribute {name!r}")
    return getattr(import_module(f"solvers.games.{_MODULE_OF[name]}"), name)
