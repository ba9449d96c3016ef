"""Tests of the API server core."""
