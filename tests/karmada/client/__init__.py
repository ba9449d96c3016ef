"""Tests of karmada.client against a played API server."""
