"""Preference games in rational numbers: the equilibrium, all of them, and the one of largest entropy."""
