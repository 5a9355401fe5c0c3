"""Bradley–Terry scores by maximum likelihood, and what speaks against them.

The model: ``P(i preferred to j) = σ(s_i - s_j)``, so that with strengths ``p_i = exp(s_i)`` it is ``p_i / (p_i + p_j)``
(Zermelo 1929; Bradley and Terry 1952). The likelihood is concave; its maximum exists and is unique, scores being of
mean zero, if and only if in the graph of wins every item reaches every other (Ford 1957; Hunter 2004). With ties and a
tie parameter one more condition is needed, else the parameter diverges: some cycle of comparisons has more wins than
ties. (As log ν grows by 1 and s by d, the likelihood never falls if d_i - d_j >= 2 for each win of i over j and
|d_i - d_j| <= 2 for each tie; such d exist if and only if no cycle has more wins than ties.) A penalty ``λ/2 Σ s²``,
the Gaussian prior of variance 1/λ, makes the estimate exist whatever the graph.

Newton's method (``solvers.rewards.pairwise.newton``) takes a handful of steps at any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from solvers.arguments import real_number, require_generator, whole_number
from solvers.rewards.pairwise.newton import border_of, information, iterative
from solvers.rewards.pairwise.objections import Diagnosis, GoodnessOfFit, diagnose_fit
from solvers.rewards.pairwise.pair_likelihoods import saturated
from solvers.rewards.pairwise.pairwise_fit import PairwiseFit, by_bootstrap, by_chi_square, fit_pairs, is_whole
from solvers.rewards.pairwise.win_counts import Floats, WinCounts, read_counts

LARGEST = 12_000  # items whose covariance matrix (8 n² bytes) is made
TABULATED = 1_000  # items up to which the printed table has standard errors
SHOWN = 30  # rows of that table
WEAKEST = 1e-100  # prior; what is weaker drowns in the rounding of its gradient's exponentials
TIE_MODELS = ("davidson", "rao-kupper", "half")


@dataclass(frozen=True, eq=False)
class BradleyTerry:
    """Scores of pairwise counts, and all that qualifies them.

    ``scores``: float64, of mean zero, ``P(i preferred to j) = σ(s_i - s_j)`` (probit: Φ); NaN where the likelihood has
    no unique maximum. ``converged``: whether they are its unique maximum, the gradient within tolerance, and Newton's
    last step so short that no score is off by more than about 500 tolerances: 5e-7, and 1e-8 as a rule.
    ``gradient_norm``: the largest difference, over the items, of the observed and the fitted share of wins (with a
    prior, of the penalised gradient over the item's number of comparisons). ``log_likelihood``: in nats, without the
    prior's term and without binomial coefficients; where the maximum does not exist, the supremum.
    ``saturated_log_likelihood``: with chances of its own for each pair. ``tie_parameter``: Davidson's ν or Rao and
    Kupper's θ; None if ties were not given or count as halves, NaN if it diverges.
    """

    scores: Floats
    converged: bool
    iterations: int
    gradient_norm: float
    log_likelihood: float
    saturated_log_likelihood: float
    tie_parameter: float | None
    model: str
    regularisation: float
    _counts: WinCounts = field(repr=False)  # as given
    _fitted: PairwiseFit = field(repr=False)
    _names: tuple[object, ...] | None = field(repr=False)
    _bootstrap: tuple[int, np.random.Generator | None] = field(repr=False)

    def __str__(self) -> str:
        """The scores, the best first, with standard errors (up to 1,000 items); the fit; and the diagnosis."""
        size = len(self.scores)
        names = [str(name) for name in self._names or range(size)]
        order = np.argsort(-self.scores, kind="stable")[:SHOWN].tolist()
        errors = self.standard_errors if size <= TABULATED else None
        width = max(4, *(len(names[k]) for k in order))
        lines = [f"{'item':{width}}   score" + ("    s.e." if errors is not None else "")]
        for k in order:
            error = f" {errors[k]:7.3f}" if errors is not None else ""
            lines.append(f"{names[k]:{width}} {self.scores[k]:7.3f}{error}")
        lines += [f"… {size - SHOWN} more"] if size > SHOWN else []
        tie = "" if self.tie_parameter is None else f", tie parameter {self.tie_parameter:.4g}"
        lines += [f"log-likelihood {self.log_likelihood:.6g}{tie}", str(self.goodness_of_fit), str(self.diagnosis)]
        return "\n".join(lines)

    @cached_property
    def covariance(self) -> Floats:
        """The covariance matrix of the scores, n × n: the inverse Fisher information under the constraint of mean zero.

        That is the pseudo-inverse of the information matrix, the tie parameter (if any) taken as estimated along with
        the scores. With a prior it is that of the Gaussian approximation of the posterior at its mode. NaN without a
        maximum. Exact up to rounding; made when first asked for, in O(n³). Raises ``ValueError`` beyond 12,000 items:
        ask for ``standard_errors_of`` then.
        """
        size = len(self.scores)
        if size > LARGEST:
            raise ValueError(
                f"the covariance of {size} items would take {8e-9 * size**2:.0f} GB: ask for standard_errors_of(items)"
            )
        if not self._fitted.exists:
            return np.full((size, size), np.nan)
        now = self._fitted.derivatives()
        matrix, pin = information(self._fitted.counts, now.curvature, None, self.regularisation)
        if now.mixed is not None and now.tie_curvature > 0:
            border = border_of(self._fitted.counts, now)
            matrix -= np.outer(border, border / now.tie_curvature)
        factor, failed = dpotrf(matrix.T, lower=0, overwrite_a=1)
        inverse, failed = dpotri(factor, lower=0, overwrite_c=1) if not failed else (factor, failed)
        if failed:
            return np.full((size, size), np.nan)
        inverse = np.triu(inverse)
        inverse += np.triu(inverse, 1).T
        inverse -= 1.0 / (size * (pin * size + self.regularisation))  # the direction of all ones, which was pinned
        return np.asarray(inverse, dtype=np.float64)

    @cached_property
    def standard_errors(self) -> Floats:
        """One a score: the square roots of the diagonal of ``covariance``, which see."""
        return np.sqrt(np.diagonal(self.covariance))

    def standard_errors_of(self, items: Iterable[int], precision: float = 1e-9) -> Floats:
        """The standard errors of some items only, each by one sparse solve: for many thousands of items."""
        wanted = np.fromiter(items, dtype=np.int64)
        size = len(self.scores)
        if len(wanted) and (wanted.min() < 0 or wanted.max() >= size):
            raise ValueError(f"items must be positions from 0 to {size - 1}")
        if not self._fitted.exists:
            return np.full(len(wanted), np.nan)
        now, counts = self._fitted.derivatives(), self._fitted.counts
        solve = iterative(counts, now.curvature, None, self.regularisation, precision)
        across, left, border = None, 1.0, None
        if now.mixed is not None:
            border = border_of(counts, now)
            across = solve(border)
            left = now.tie_curvature - float(border @ across)
        variances = np.empty(len(wanted))
        for k, item in enumerate(wanted.tolist()):
            right = np.full(size, -1.0 / size)
            right[item] += 1.0
            variances[k] = right @ solve(right)
            if across is not None and left > 0:
                variances[k] += float(right @ across) ** 2 / left
        return np.sqrt(variances)

    @cached_property
    def goodness_of_fit(self) -> GoodnessOfFit:
        """The deviance against the saturated model; by parametric bootstrap if that was asked for."""
        repetitions, generator = self._bootstrap
        if repetitions and generator is not None:
            return self.test_of_fit(generator, repetitions)
        return self.chi_square_fit

    def test_of_fit(self, generator: np.random.Generator, repetitions: int = 999) -> GoodnessOfFit:
        """The same test by parametric bootstrap: data sets drawn from the fitted model, each fitted again.

        The p-value is ``(1 + those with as large a deviance) / (1 + repetitions)`` (Davison and Hinkley 1997, §4.2.3).
        Raises ``ValueError`` if the counts are not whole numbers, as those of weighted comparisons need not be.
        """
        require_generator(generator)
        return by_bootstrap(self._fitted, generator, repetitions)

    @property
    def chi_square_fit(self) -> GoodnessOfFit:
        """The test by the chi-square distribution, whether or not a bootstrap was asked for."""
        return by_chi_square(self._fitted, halves=bool(self._counts.ties.any()) and not self._fitted.tied)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """What speaks against these scores, in words."""
        return diagnose_fit(
            self._counts,
            self._names,
            exists=self._fitted.unique,
            levels=self._fitted.levels,
            converged=self.converged,
            regularised=self.regularisation > 0,
            fit=self.goodness_of_fit,
            whole=is_whole(self._fitted.counts),
        )


def bradley_terry(
    counts: Any,
    *,
    ties: Any = None,
    tie_model: Literal["davidson", "rao-kupper", "half"] = "davidson",
    model: Literal["logit", "probit"] = "logit",
    regularisation: float = 0.0,
    tolerance: float = 1e-9,
    max_iterations: int = 100,
    items: Sequence[object] | None = None,
    bootstrap: int = 0,
    generator: np.random.Generator | None = None,
) -> BradleyTerry:
    """Maximum likelihood scores of pairwise counts.

    ``counts[i, j]``: how often (or with what weight, zero or more) item i was preferred to item j: an array, nested
    lists or a scipy sparse matrix. ``ties``: a symmetric matrix, ``ties[i, j] == ties[j, i]`` how often i and j tied.
    ``tie_model``: "davidson" (the chance of a tie is ν √(p_i p_j) / (p_i + p_j + ν √(p_i p_j)); Davidson 1970),
    "rao-kupper" (1967), or "half": a tie counts as half a win for both, a convention and no likelihood of ties.
    ``model``: "logit" is Bradley and Terry's; "probit" is Thurstone's case V in units in which P = Φ(s_i - s_j), and
    takes ties as halves only.
    ``regularisation`` λ subtracts λ/2 Σ s² from the log-likelihood (nats): a Gaussian prior of variance 1/λ.
    ``items``: names for the sentences of the diagnosis. ``bootstrap``: how many data sets the test of fit draws with
    ``generator``; with 0 it uses the chi-square distribution.

    If the maximum doesn't exist or isn't unique, ``scores`` are NaN, ``converged`` is False and ``diagnosis`` says why.
    Raises ``ValueError`` for empty data, a single item, counts that are negative, not finite, all zero or not square,
    beyond double precision (outside 1e-15 to 1e15, or less than 2^-52 of another), an item compared with itself, ties
    that are not symmetric, and arguments out of range; ``TypeError`` for what is no number.
    """
    given = read_counts(counts, ties)
    names = _checked(given, tie_model, model, regularisation, tolerance, max_iterations, items, bootstrap, generator)
    drawn = bool(given.ties.any())
    if drawn and tie_model != "half" and model == "probit":
        raise ValueError('model="probit" has no tie parameter: pass tie_model="half", or model="logit"')
    kind = tie_model if drawn and tie_model != "half" else model
    fitted = fit_pairs(
        halved(given) if drawn and kind == model else given, kind, regularisation, tolerance, max_iterations
    )
    size = given.size
    parameter = None if ties is None or tie_model == "half" else _parameter(tie_model, fitted, drawn)
    return BradleyTerry(
        scores=fitted.scores if fitted.exists else np.full(size, np.nan),
        converged=fitted.exists and fitted.settled,
        iterations=fitted.iterations,
        gradient_norm=fitted.gradient_norm if fitted.exists else float("nan"),
        log_likelihood=fitted.value,
        saturated_log_likelihood=saturated(fitted.counts),
        tie_parameter=parameter,
        model=model,
        regularisation=float(regularisation),
        _counts=given,
        _fitted=fitted,
        _names=names,
        _bootstrap=(bootstrap, generator),
    )


def halved(counts: WinCounts) -> WinCounts:
    """The counts with each tie as half a win for both."""
    half = counts.ties / 2
    return WinCounts(counts.size, counts.i, counts.j, counts.wins + half, counts.losses + half, np.zeros_like(half))


def _parameter(tie_model: str, fitted: PairwiseFit, drawn: bool) -> float:
    if not drawn:
        return 0.0 if tie_model == "davidson" else 1.0
    return float(np.exp(fitted.tie)) if fitted.exists else float("nan")


def _checked(
    counts: WinCounts,
    tie_model: str,
    model: str,
    regularisation: float,
    tolerance: float,
    max_iterations: int,
    items: Sequence[object] | None,
    bootstrap: int,
    generator: np.random.Generator | None,
) -> tuple[object, ...] | None:
    """Raises for arguments out of range; the names, if any."""
    if tie_model not in TIE_MODELS:
        raise ValueError(f"tie_model must be one of {', '.join(TIE_MODELS)}, got {tie_model!r}")
    if model not in ("logit", "probit"):
        raise ValueError(f'model must be "logit" or "probit", got {model!r}')
    regularisation = real_number(regularisation, "regularisation")
    if not (regularisation == 0 or WEAKEST <= regularisation <= 1 / WEAKEST):
        raise ValueError(
            f"regularisation must be zero, or between {WEAKEST:g} and {1 / WEAKEST:g}, got {regularisation}"
        )
    if not real_number(tolerance, "tolerance") > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    whole_number(max_iterations, "max_iterations", 1)
    if whole_number(bootstrap, "bootstrap", 0) and generator is None:
        raise ValueError("bootstrap needs a generator: pass generator=numpy.random.default_rng(seed)")
    if generator is not None:
        require_generator(generator)
    if items is not None and not isinstance(items, Sized):
        raise TypeError(f"items must be a sequence of names, got {type(items).__name__}")
    if items is not None and len(items) != counts.size:
        raise ValueError(f"items must have a name for each of the {counts.size} items, got {len(items)}")
    return None if items is None else tuple(items)
