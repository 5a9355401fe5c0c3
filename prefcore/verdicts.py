"""Verdicts: three final classes. Only :func:`prefcore.kernel.check` makes a ``Proved`` or a ``Refuted``. Trusted."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from typing import NoReturn

from prefcore.claims import Achievable, Axiom, Claim, HasUtility, Optimal, Represents, Solvable
from prefcore.evidence import BetterPolicy, Counterexample, Cycle, Evidence
from prefcore.matrix_games import Winner
from prefcore.stochastic import ChoiceAxiom, PairwiseAxiom
from prefcore.trees import TablePolicy, table_policy


def _no_truth_value(verdict: object) -> NoReturn:
    raise TypeError('a verdict has no truth value ("gave up" is not "no"): use isinstance(verdict, pc.Proved)')


def about(claim: Claim) -> str:
    """What a claim says, in a few words."""
    match claim:
        case Axiom():
            return f"{claim.axiom}, over {_counted(claim.domain.outcomes, 'outcome')}"
        case Optimal():
            return f"optimality of a policy over {_counted(claim.policy, 'decision histor', 'y', 'ies')}"
        case PairwiseAxiom():
            return f"{claim.axiom}, over {_counted(claim.matrix, 'item')}"
        case ChoiceAxiom():
            return f"{claim.axiom}, over {_counted(claim.menus, 'menu')}"
        case Represents():
            by = _counted(claim.utilities, "utilit", "y", "ies")
            return f"a representation by {by}, over {_counted(claim.domain.outcomes, 'outcome')}"
        case HasUtility():
            return f"a utility for {_counted(claim.comparisons, 'comparison')}"
        case Solvable():
            return f"a solution of a linear system of {claim.system.variables} variables"
        case Winner():
            return f"a von Neumann winner, over {_counted(claim.policy, 'action')}"


def _counted(things: Sized, name: str, one: str = "", many: str = "s") -> str:
    return f"{len(things)} {name}{one if len(things) == 1 else many}"


def _short(verdict: Proved | Refuted) -> str:
    return f"{type(verdict).__name__}({about(verdict.claim)}, by {type(verdict.evidence).__name__})"


@dataclass(frozen=True, slots=True, repr=False)
class Proved:
    """The claim holds, by evidence that the kernel accepts."""

    claim: Claim
    evidence: Evidence

    def __repr__(self) -> str:
        return _short(self)

    def __bool__(self) -> bool:
        _no_truth_value(self)


@dataclass(frozen=True, slots=True, repr=False)
class Refuted:
    """The claim fails, by evidence that the kernel accepts."""

    claim: Claim
    evidence: Evidence

    @property
    def better_policy(self) -> TablePolicy:
        """Where optimality was refuted: a policy π' with not ``D^π' ≼ D^π``, so strictly better where ≼ is total.

        Else an ``AttributeError``.
        """
        if not isinstance(self.claim, Optimal) or not isinstance(self.evidence, BetterPolicy):
            raise AttributeError("only a refuted claim of optimality has a better policy")
        return table_policy(self.claim.process, self.evidence.policy)

    @property
    def policies(self) -> tuple[TablePolicy, ...]:
        """Where something was refuted on the achievable set: the policies that achieve the lotteries, in their order.

        Else an ``AttributeError``.
        """
        if not isinstance(self.claim, (Axiom, Represents)) or not isinstance(self.claim.domain, Achievable):
            raise AttributeError("only a claim about the achievable set is refuted with policies")
        assert isinstance(self.evidence, (Counterexample, Cycle))
        return tuple(table_policy(self.claim.domain.process, table) for table in self.evidence.policies)

    def __repr__(self) -> str:
        return _short(self)

    def __bool__(self) -> bool:
        _no_truth_value(self)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing was proved: why, what to do about it, and the seconds of budget that were used."""

    claim: Claim | None = field(repr=False)
    reason: str
    advice: str
    budget: float

    def __bool__(self) -> bool:
        _no_truth_value(self)


Verdict = Proved | Refuted | Unknown
