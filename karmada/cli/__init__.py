"""Karmadactl, the top layer."""
