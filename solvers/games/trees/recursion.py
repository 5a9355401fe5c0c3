"""The soft backward recursion over prefixes: a mirror-descent step on distributions over complete strings.

A step ``π⁺ ∝ π^{1-ητ} μ^{ητ} exp(η g)`` over the leaves of a tree is, in conditional probabilities of next tokens,

    logits_h = (1-ητ) log π(·|h) + ητ log μ(·|h) + V(h·),   V(h) = logsumexp(logits_h),   V(leaf) = η g(leaf),

and π⁺(·|h) = softmax(logits_h), as ``KL(π‖μ) = Σ_h reach_π(h) KL(π(·|h)‖μ(·|h))``. Exact: no leaf is sampled, which
makes it an oracle for updates of language models. Where chance moves, too, V after an action is an expectation.
"""

from __future__ import annotations

import numpy as np

from solvers.arguments import real_array, real_number
from solvers.games.payoffs import Array
from solvers.games.trees.treeplex import Treeplex, proximal, require_treeplex


def soft_recursion(
    treeplex: Treeplex, log_policy: Array, log_reference: Array, gains: Array, eta: float, tau: float
) -> tuple[Array, Array]:
    """``(log π⁺, V)``: the step's log-behaviour (S,) by sequences, and V (J,) by information sets.

    log_policy, log_reference: (S,) log-probabilities of each sequence's last action, [0] being 0. gains: (S,) what g
    each sequence adds; zero but for sequences that end the game in a token game, and with chance the expectation of g
    times chance's probability, ``TreeGame.gains``. Exact mirror descent: ``gains = U x``. Nash-MD: once with zeros,
    which gives the mixture m, then with ``U m``. Extragradient: with ``U x``, then from the same π with ``U`` times
    what came out. Raises ``ValueError`` for wrong shapes, eta <= 0, tau < 0, or ``eta * tau > 1``, ``TypeError`` for no
    treeplex.
    """
    require_treeplex(treeplex)
    step, weight = real_number(eta, "eta"), real_number(tau, "tau")
    if not (step > 0 and weight >= 0 and step * weight <= 1):
        raise ValueError(f"eta and tau: must be positive and non-negative, with eta * tau <= 1; got {eta}, {tau}")
    arrays = []
    for array, name in ((log_policy, "log_policy"), (log_reference, "log_reference"), (gains, "gains")):
        values = real_array(array, name)
        if values.shape != (treeplex.sequences,) or np.isnan(values).any():
            raise ValueError(f"{name}: give {treeplex.sequences} numbers, one for each sequence; got {values.shape}")
        arrays.append(values)
    base = mixed(arrays[0], arrays[1], step * weight)
    new, values_of_sets, _ = proximal(treeplex, base, arrays[2], 1 / step)
    return new, values_of_sets


def mixed(log_policy: Array, log_reference: Array, share: float) -> Array:
    """``(1 - share) log π + share log μ``; a share of 1 or 0 leaves the other out, though it be -inf."""
    if share == 0:
        return log_policy
    if share == 1:
        return log_reference
    return np.asarray((1 - share) * log_policy + share * log_reference)
