"""Patches and apply."""
