"""Effects that have nothing to do with what is compared: being shown first, being longer.

Shares come with Wilson's interval and the exact binomial p-value against 1/2. A share of first-shown items preferred
mixes position with merit where better items are shown first more often; the *odds ratio*, by Mantel and Haenszel
(1959) over the pairs, does not: within each pair the odds that i is preferred when it is shown first are compared with
those when it is not. Its interval is that of Robins, Breslow and Greenland (1986).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

from scipy.stats import binomtest, chi2, norm

from solvers.rewards.data_sets.tally import Lengths


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `total`, with its 95 % interval and the p-value of "it is one half"."""

    count: int
    total: int
    share: float
    low: float
    high: float
    p_value: float

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """first: the share of first-shown items that were preferred.

    advantage: the factor by which being shown first multiplies the odds, with its interval and p-value, within pairs;
    ``None`` if no pair was shown in both orders.
    """

    first: Share
    advantage: float | None
    low: float | None
    high: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class LengthEffect:
    """longer: the share of longer texts that were preferred, among texts of different length.

    correlation: of the answer (+1, -1) with the logarithm of the ratio of lengths, both signs of each pair counted.
    equal: answers between texts of the same length.
    """

    longer: Share
    correlation: float
    equal: int


def share_of(count: int, total: int) -> Share:
    """The share with its interval and p-value."""
    test = binomtest(count, total, 0.5)
    interval = test.proportion_ci(0.95, method="wilson")
    return Share(count, total, count / total, float(interval.low), float(interval.high), float(test.pvalue))


def position_effect(shown: dict[tuple[int, int], list[int]]) -> PositionEffect | None:
    """From (winner, loser) -> [times the winner was shown first, times the loser was]; ``None`` if nothing is known."""
    first = sum(times[0] for times in shown.values())
    total = first + sum(times[1] for times in shown.values())
    if not total:
        return None
    return PositionEffect(share_of(first, total), *mantel_haenszel(shown))


def mantel_haenszel(
    shown: dict[tuple[int, int], list[int]],
) -> tuple[float | None, float | None, float | None, float | None]:
    """The advantage of the first place within pairs: a factor on the odds, its 95 % interval, the p-value.

    The two orders of a pair differ by the advantage twice, once for each item, so it is the root of the odds ratio.
    """
    R = S = PR = mixed = QS = 0.0
    observed = expected = variance = 0.0
    for i, j in {(min(pair), max(pair)) for pair in shown}:
        forth, back = shown.get((i, j), [0, 0]), shown.get((j, i), [0, 0])
        a, b, c, d = forth[0], back[1], forth[1], back[0]  # i first: won, lost; j first: i won, lost
        n = a + b + c + d
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        R, S, PR, mixed, QS = R + r, S + s, PR + p * r, mixed + p * s + q * r, QS + q * s
        observed, expected = observed + a, expected + (a + b) * (a + c) / n
        if n > 1:
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    if R == 0 or S == 0 or variance == 0:
        return None, None, None, None
    middle = log(R / S) / 2
    error = sqrt(PR / (2 * R * R) + mixed / (2 * R * S) + QS / (2 * S * S)) / 2
    reach = float(norm.ppf(0.975)) * error
    p_value = float(chi2.sf((observed - expected) ** 2 / variance, 1))
    return exp(middle), exp(middle - reach), exp(middle + reach), p_value


def length_effect(lengths: Lengths) -> LengthEffect | None:
    """``None`` if no two texts of known length differ in it."""
    decided = lengths.longer + lengths.shorter
    if not decided:
        return None
    total = decided + lengths.equal
    return LengthEffect(share_of(lengths.longer, decided), lengths.sum / sqrt(total * lengths.squares), lengths.equal)
