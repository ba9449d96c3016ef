"""Bindings get their target clusters."""
