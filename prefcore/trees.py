"""History trees as numbers, their labels, and policies as tables over them. Trusted.

A claim about a policy is about a tree: no Python code, so that a certificate can store it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.distribution import is_exact

History = tuple[Any, ...]
PolicyTable = tuple[tuple[Fraction, ...], ...]  # by decision history: the probability of each available action


@dataclass(frozen=True, slots=True)
class HistoryTree:
    """The attainable histories as numbers: decision histories first, level by level, then the trajectories.

    initial: ``(probability, node)`` of each o_0. branches: for each decision node and each of its available actions,
    the ``(probability, node)`` of what follows. outcome: the outcome's index of each trajectory.
    """

    initial: tuple[tuple[Fraction, int], ...]
    branches: tuple[tuple[tuple[tuple[Fraction, int], ...], ...], ...]
    outcome: tuple[int, ...]

    def __post_init__(self) -> None:
        nodes = len(self.branches) + len(self.outcome)
        rows = [
            (0, self.initial),
            *((d + 1, row) for d, actions in enumerate(self.branches) for row in actions),
        ]
        for lowest, row in rows:
            total = Fraction(0)
            for p, child in row:
                if not is_exact(p) or p <= 0 or type(child) is not int or not lowest <= child < nodes:
                    raise ValueError(f"a history tree has a malformed branch: {(p, child)!r}")
                total += p
            if total != 1:
                raise ValueError(f"a history tree has a branch whose probabilities sum to {total}")
        if not all(self.branches) or not all(type(o) is int and o >= 0 for o in self.outcome):
            raise ValueError("a history tree needs an action at each decision and an outcome index at each trajectory")


@dataclass(frozen=True, slots=True)
class Tabulation:
    """A tree with its labels: the decision histories, the actions available at each, and the different outcomes.

    Certificates store the tree alone; read back, the labels are numbers.
    """

    tree: HistoryTree
    histories: Sequence[Any]
    actions: Sequence[Sequence[Any]]
    outcomes: Sequence[Any]

    @classmethod
    def unlabelled(cls, tree: HistoryTree) -> Tabulation:
        """The tree with numbers for labels."""
        actions = tuple(range(len(rows)) for rows in tree.branches)
        return cls(tree, range(len(tree.branches)), actions, range(max(tree.outcome, default=-1) + 1))


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class TablePolicy:
    """A policy given by a table over the decision histories of a tabulation; callable like any policy."""

    tabulation: Tabulation
    table: PolicyTable
    _index: dict[History, int]

    def __repr__(self) -> str:
        return f"TablePolicy(over {len(self.table)} decision histories)"

    def __call__(self, history: History) -> Any:
        if history not in self._index:
            raise ValueError(
                f"history {history!r} is unattainable, or a full trajectory: the policy has no action there"
            )
        i = self._index[history]
        taken = {a: p for a, p in zip(self.tabulation.actions[i], self.table[i], strict=True) if p}
        return next(iter(taken)) if len(taken) == 1 else taken


def table_policy(tabulation: Tabulation, table: PolicyTable) -> TablePolicy:
    """The policy that `table` describes."""
    return TablePolicy(tabulation, table, {h: i for i, h in enumerate(tabulation.histories)})
