"""First-order algorithms for preference games, one file each; all are exact steps in log space, and deterministic.

All take ``(game, reference, tau, iterations)`` and keywords, and return an ``Equilibrium``. What they share is the loop
around them, in ``loop.py``; each file's ``steps`` is the algorithm itself, an endless generator of iterates.
"""
