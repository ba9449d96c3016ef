"""Tests of karmada.runtime."""
