"""The doctor of preference data sets: reading them, measuring them, and saying what they can bear."""
