"""Policies and their evidence."""
