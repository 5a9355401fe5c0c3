"""First-order algorithms for preference games, one file each; all are exact steps, and deterministic.

All take ``(game, reference, tau, iterations)`` and keywords, and return an ``Equilibrium``; steps that multiply
probabilities are taken in log space. What they share is the loop around them, in ``loop.py``; each file's ``steps`` is
the algorithm itself, a generator of iterates.
"""
