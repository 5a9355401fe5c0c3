"""Utilities from an oracle that answers comparisons, by standard gambles."""
