"""Bindings become Works."""
