"""Policies for stated preferences, each with the theorem and the evidence that make it optimal.

``solve`` reads what prefcore proves of the relation and chooses the method; ``policy_search`` is backward induction by
comparisons; ``check_optimality`` judges any policy. From a violated axiom to a decision problem: ``regret_process``
(consistency), ``money_pump`` (transitivity), ``unpriced`` (interpolation), and ``explain``, which tells them in a
report.
"""

from __future__ import annotations

from solvers.optimality import Violation, check_optimality, violations
from solvers.price import Stretch, Unpriced, unpriced
from solvers.pump import MoneyPump, Trade, money_pump
from solvers.regret import Compared, Regret, regret_process
from solvers.solution import Search, Solution, policy_search, solve
from solvers.stories import explain

__all__ = [
    "Compared",
    "MoneyPump",
    "Regret",
    "Search",
    "Solution",
    "Stretch",
    "Trade",
    "Unpriced",
    "Violation",
    "check_optimality",
    "explain",
    "money_pump",
    "policy_search",
    "regret_process",
    "solve",
    "unpriced",
    "violations",
]
