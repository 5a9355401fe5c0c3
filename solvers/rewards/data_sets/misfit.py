"""How much preference strength one scalar reward throws away: Bradley–Terry against a chance of its own for each pair.

Of N answers that are no ties, ``(L_saturated - L) / N`` is the misfit in nats an answer. Chance alone makes some of it:
twice the numerator, the deviance, has about the chi-square distribution with df = pairs - items + components if the
scores are right [Wilks 1938], so df / 2N is to be expected. If they are wrong it is about non-central, with parameter
λ = 2N times the Kullback–Leibler divergence of the nearest scores' chances from the true ones: the *excess*, whose
interval comes from inverting that distribution. Where answers a pair are few, the deviance is compared with those of
data sets drawn from the fitted chances instead; or, for many pairs, with the normal distribution of the exact mean and
variance of each pair's deviance under the fitted chances, less what the fitted scores take up, 1 and 2 for each score
[compare McCullagh 1986, JASA 81]. Leaving ties out keeps Bradley–Terry true if Davidson's model is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, rel_entr
from scipy.stats import binom, chi2, ncx2, norm

from solvers.rewards.data_sets.held_out import Interval
from solvers.rewards.data_sets.tally import Floats
from solvers.rewards.pairwise.pairwise_fit import deviance, fit_pairs
from solvers.rewards.pairwise.win_counts import WinCounts, members_of, weak_components

DRAWS = 200
A_COIN = 10  # answers for each free score that are needed for the test against a coin
A_SCORE, A_PAIR = 20, 2  # answers for each free score, and for each pair, that are needed
MOST_ITEMS = 300_000
MOST_DRAWN = 200  # pairs for which data sets are drawn
MOST_ENUMERATED = 400  # answers to a pair whose moments are summed up; beyond, those of chi-square
FEW = 5.0  # expected answers of a kind below which the chi-square distribution is not trusted
TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Misfit:
    """The misfit of one scalar reward, in nats an answer.

    nats: as observed; by_chance: to be expected if the reward were right; excess: what is left, with its interval.
    The excess is no less than zero, and
    so is its estimate. statistic, degrees_of_freedom, p_value: of the deviance. method: ``"chi-square"``,
    ``"bootstrap"`` (with so many `draws`) or ``"moments"``; thin: of more than a fifth of the pairs fewer than five
    answers of one kind are to be expected.
    """

    answers: float
    nats: float
    by_chance: float
    excess: Interval
    statistic: float
    degrees_of_freedom: int
    p_value: float
    method: str
    thin: bool
    draws: int = 0


def decided(counts: WinCounts) -> WinCounts:
    """The counts without ties."""
    kept = counts.wins + counts.losses > 0
    return replace(counts.only(kept), ties=np.zeros(int(kept.sum())))


def coin(counts: WinCounts) -> float | None:
    """The p-value of "every answer that is no tie is the toss of a coin" against one reward, by the likelihood ratio.

    Chi-square with items - components degrees of freedom; ``None`` with fewer than 10 answers for each of them.
    """
    used = decided(counts)
    if not len(used.i) or counts.size > MOST_ITEMS:
        return None
    scores, total = len(used.i) - free_pairs(used), float(used.totals.sum())
    if total < A_COIN * scores:
        return None
    gain = 2 * (total * log(2) + fit_pairs(used, "logit", 0.0, TOLERANCE, 100).value)
    return float(chi2.sf(max(gain, 0.0), scores))


def free_pairs(counts: WinCounts) -> int:
    """Pairs - items + components: how many independent circles the compared pairs make."""
    return len(counts.i) - counts.size + len(members_of(weak_components(counts)))


def misfit(counts: WinCounts, generator: np.random.Generator) -> Misfit | None:
    """The misfit; ``None`` if no circle of pairs was compared, so that any answers fit, or if answers are too few.

    Too few are less than 20 for each free score or 2 for each pair: the fitted chances then follow the answers, and the
    deviance is no measure of fit (with one answer a pair it hardly depends on the data). ``None`` beyond 300,000 items.
    """
    used = decided(counts)
    free = free_pairs(used) if len(used.i) else 0
    scores = len(used.i) - free
    if not free or used.totals.sum() < max(A_SCORE * scores, A_PAIR * len(used.i)) or counts.size > MOST_ITEMS:
        return None
    fit = fit_pairs(used, "logit", 0.0, TOLERANCE, 100)
    statistic, total = max(deviance(fit), 0.0), float(used.totals.sum())
    chance = expit(fit.scores[used.i] - fit.scores[used.j])
    if fit.blocks is not None:  # across blocks all went one way, and the chances tend to one
        across = fit.blocks[used.i] != fit.blocks[used.j]
        chance = np.where(across, (used.wins > 0).astype(float), chance)
        free = free_pairs(fit.used) if len(fit.used.i) else 0
        scores = len(fit.used.i) - free
    expected = used.totals * np.minimum(chance, 1 - chance)
    thin = bool((expected < FEW).mean() > 0.2)
    rough = thin or bool((expected < 1).any())
    whole = bool((used.totals == np.rint(used.totals)).all())
    scale = 2 * total
    if rough and whole and len(used.i) <= MOST_DRAWN:
        drawn = _drawn(used, chance, generator)
        middle, spread = float(drawn.mean()), float(drawn.std(ddof=1))
        excess = around(statistic - middle, spread)
        p_value, method = float((1 + (drawn >= statistic).sum()) / (1 + DRAWS)), "bootstrap"
    elif rough and whole:
        middle, spread = _moments(used, chance, scores)
        excess = around(statistic - middle, spread)
        p_value, method = float(norm.sf((statistic - middle) / spread)), "moments"
    else:
        middle, method = float(free), "chi-square"
        p_value = float(chi2.sf(statistic, free)) if free else 1.0
        excess = Interval(max(statistic - free, 0.0), *noncentral(statistic, free))
    scaled = Interval(excess.value / scale, excess.low / scale, excess.high / scale)
    return Misfit(
        answers=total,
        nats=statistic / scale,
        by_chance=middle / scale,
        excess=scaled,
        statistic=statistic,
        degrees_of_freedom=free,
        p_value=p_value,
        method=method,
        thin=thin,
        draws=DRAWS if method == "bootstrap" else 0,
    )


def around(excess: float, spread: float) -> Interval:
    """The excess with its interval, none below zero; if there is one, the deviance varies more, as the non-central
    distribution does.
    """
    reach = 1.96 * sqrt(spread**2 + 4 * max(excess, 0.0))
    return Interval(*(max(x, 0.0) for x in (excess, excess - reach, excess + reach)))


def _drawn(counts: WinCounts, chance: Floats, generator: np.random.Generator) -> Floats:
    """The deviances of data sets drawn from these chances, each fitted anew."""
    totals = np.rint(counts.totals).astype(np.int64)
    found = np.empty(DRAWS)
    for k in range(DRAWS):
        wins = generator.binomial(totals, chance).astype(float)
        drawn = replace(counts, wins=wins, losses=totals - wins)
        found[k] = deviance(fit_pairs(drawn, "logit", 0.0, TOLERANCE, 100))
    return found


def _moments(counts: WinCounts, chance: Floats, scores: int) -> tuple[float, float]:
    """The mean and the standard deviation of the deviance under these chances, with that many fitted scores."""
    totals = np.rint(counts.totals).astype(np.int64)
    mean, square = np.ones(len(totals)), np.full(len(totals), 3.0)  # of chi-square with one degree of freedom
    for n in np.unique(totals[totals <= MOST_ENUMERATED]):
        at = totals == n
        p = chance[at][:, None]
        wins = np.arange(n + 1)[None, :]
        weights = binom.pmf(wins, n, p)
        off = 2 * (rel_entr(wins, n * p) + rel_entr(n - wins, n * (1 - p)))
        off = np.where(weights > 0, off, 0.0)
        mean[at], square[at] = (weights * off).sum(axis=1), (weights * off**2).sum(axis=1)
    variance = float((square - mean**2).sum()) - 2 * scores
    return float(mean.sum()) - scores, sqrt(max(variance, 1.0))


def noncentral(statistic: float, free: int) -> tuple[float, float]:
    """The 95 % interval of λ of which the deviance is a draw; 0 is its lower end where chance alone gives as much."""
    if not free:
        return 0.0, 0.0

    def bound(level: float) -> float:
        def off(noncentrality: float) -> float:
            return float(ncx2.cdf(statistic, free, noncentrality)) - level

        if chi2.cdf(statistic, free) <= level:
            return 0.0
        top = statistic + 20 * sqrt(2 * free + 4 * statistic) + 100
        return float(brentq(off, 1e-12, top))

    return bound(0.975), bound(0.025)
