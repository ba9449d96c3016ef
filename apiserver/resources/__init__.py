"""Served resources and their strategies."""
