"""Finders: functions from a claim to evidence, or to nothing. Untrusted; the kernel has the last word."""
