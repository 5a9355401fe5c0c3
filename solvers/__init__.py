"""Policies for stated preferences, each with the theorem and the evidence that make it optimal.

``solve`` reads what prefcore proves of the relation and chooses the method; ``policy_search`` is backward induction by
comparisons; ``check_optimality`` judges any policy.
"""

from __future__ import annotations

from solvers.optimality import Violation, check_optimality, violations
from solvers.solution import Search, Solution, policy_search, solve

__all__ = ["Search", "Solution", "Violation", "check_optimality", "policy_search", "solve", "violations"]
