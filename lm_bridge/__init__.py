"""Language models as policies over token histories. Nothing is here yet: later issues build it."""
