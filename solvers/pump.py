"""Money pumps: from a failure of transitivity, or a strict cycle, to a chain of trades that costs its follower.

``A ≼ B ≼ C`` but not ``A ≼ C``. Whoever holds A accepts B for it, then C for B, as each is at least as good as what is
held. If ``C ≼ A``, and so ``C ≺ A``, a price can be asked for having A back: a round that ends where it began, less
what was paid [Davidson, McKinsey and Suppes 1955]. If A and C do not compare, there is no pump, but the swaps end at a
lottery that is not as good as the first. A strict cycle ``A1 ≺ A2 ≺ … ≺ A1`` is a pump at which every step can be
charged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from prefcore.distribution import Distribution
from prefcore.evidence import Counterexample
from prefcore.relations import Relation, compare
from prefcore.verdicts import Refuted
from solvers.refuted import evidence_of, holds, least_relation, lotteries_of, preference_of


@dataclass(frozen=True, slots=True)
class Trade:
    """One swap: `held` is given for `offered`, as ``held ≼ offered``; a price can be charged if it is strictly better.

    names: what the two are called. strict: ``held ≺ offered``; else they are equally good.
    """

    names: tuple[str, str]
    held: Distribution
    offered: Distribution
    strict: bool

    def __str__(self) -> str:
        held, offered = self.names
        if self.strict:
            return f"holds {held}, takes {offered} for it, which is better ({held} ≺ {offered}): a price can be charged"
        return f"holds {held}, takes {offered} for it, which is equally good ({held} ~ {offered}): no price"


@dataclass(frozen=True, slots=True, repr=False)
class MoneyPump:
    """A chain of trades, each accepted by the preference.

    trades: in their order. closed: whether the last leads back to the first lottery, which makes it a pump; else the
    last lottery is not as good as the first, and the two do not compare.
    """

    trades: tuple[Trade, ...]
    closed: bool

    @property
    def strict(self) -> bool:
        """Whether every step is strict, so that a price can be charged at each."""
        return all(trade.strict for trade in self.trades)

    @property
    def charged(self) -> tuple[int, ...]:
        """The steps, counted from 0, at which the preference is strict and a price can be charged."""
        return tuple(i for i, trade in enumerate(self.trades) if trade.strict)

    def __str__(self) -> str:
        return "\n".join(_words(self))

    def __repr__(self) -> str:
        kind = "closed" if self.closed else "open"
        return f"MoneyPump({len(self.trades)} trades, {kind}, charged at {self.charged})"


def money_pump(counterexample: Refuted | Counterexample | Any, relation: Relation[Any] | None = None) -> MoneyPump:
    """The trades by which an intransitive preference is led in a circle.

    counterexample: a ``Refuted`` verdict on "transitive", "preorder" or "acyclic", or its evidence: lotteries A, B, C
    with ``A ≼ B ≼ C`` and not ``A ≼ C``; or a cycle, anything with ``.lotteries`` ``A1 ≼ A2 ≼ … ≼ A1``, one step of
    which is strict.
    relation: the preference; without it that of the verdict, or for evidence that comes alone the least reflexive
    relation that says what it says (of A, B, C it does not say how C stands to A: they do not compare).

    Each step is checked exactly. Raises ``ValueError`` with advice if one fails, or the verdict is another;
    ``TypeError`` for what is neither verdict nor counterexample.
    """
    evidence = evidence_of(counterexample, ("transitive", "acyclic", "preorder"), "money_pump")
    cycle = getattr(evidence, "lotteries", None)
    if cycle is not None:
        return _cycle(_listed(cycle), preference_of(counterexample, relation))
    A, B, C, _ = lotteries_of(evidence, "money_pump", alpha=False)
    preference = preference_of(counterexample, relation) or least_relation((A, B), (B, C))
    if holds(preference, A, C):
        raise ValueError(
            f"A ≼ C for {preference.name}, so transitivity does not fail at these lotteries: give money_pump a "
            "counterexample to 'transitive' for this relation"
        )
    chain = [_trade(preference, "AB", A, B), _trade(preference, "BC", B, C)]
    closed = holds(preference, C, A)
    return MoneyPump((*chain, _trade(preference, "CA", C, A)) if closed else tuple(chain), closed)


def _listed(cycle: Any) -> tuple[Distribution, ...]:
    lotteries = tuple(cycle) if isinstance(cycle, Sequence) else ()
    if len(lotteries) < 2 or not all(isinstance(x, Distribution) for x in lotteries):
        raise ValueError(f"a cycle needs two Distributions or more in its lotteries, got {cycle!r}")
    return lotteries


def _cycle(lotteries: tuple[Distribution, ...], preference: Relation[Any] | None) -> MoneyPump:
    round_trip = list(pairwise((*lotteries, lotteries[0])))
    preference = preference or least_relation(*round_trip)
    numbers = [f"A{i + 1}" for i in range(len(lotteries))]
    names = pairwise((*numbers, numbers[0]))
    trades = tuple(_trade(preference, pair, *step) for pair, step in zip(names, round_trip, strict=True))
    if not any(trade.strict for trade in trades):
        raise ValueError(
            f"no step of the cycle is strict for {preference.name}: equally good lotteries are no money pump; give "
            "money_pump a cycle A1 ≺ A2 ≺ … ≺ A1"
        )
    return MoneyPump(trades, True)


def _trade(preference: Relation[Any], names: Sequence[str], held: Distribution, offered: Distribution) -> Trade:
    first, second = names
    stands = compare(preference, held, offered)
    if stands not in ("≺", "~"):
        raise ValueError(
            f"not {first} ≼ {second} for {preference.name}, so {second} is not taken for {first}: give money_pump a "
            "counterexample to 'transitive' (A ≼ B ≼ C, not A ≼ C) or a cycle for this relation"
        )
    return Trade((first, second), held, offered, stands == "≺")


def _words(pump: MoneyPump) -> Iterator[str]:
    yield from (f"{trade.names[0]} = {trade.held}" for trade in pump.trades)
    first, last = pump.trades[0].names[0], pump.trades[-1].names[1]
    if not pump.closed:
        yield f"{last} = {pump.trades[-1].offered}"
    yield from (f"{i}. The agent {trade}." for i, trade in enumerate(pump.trades, 1))
    if not pump.closed:
        yield f"{first} and {last} do not compare, so this is no money pump."
        yield f"Yet the chain of swaps, each of them accepted, ends at {last}, which is not as good as {first}."
    elif pump.strict:
        yield f"The agent holds {first} again and has paid at every step: a money pump."
    else:
        steps = " and ".join(str(i + 1) for i in pump.charged)
        many = "steps" if len(pump.charged) > 1 else "step"
        yield f"The agent holds {first} again and has paid at {many} {steps}: a money pump."
