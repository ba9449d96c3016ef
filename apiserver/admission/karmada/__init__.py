"""Defaults and rules of Karmada kinds, one module per kind."""
