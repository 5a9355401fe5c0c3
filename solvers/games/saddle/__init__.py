"""Convex–concave games of policies: mirror-prox with a duality-gap certificate, policies restricted to polytopes."""
