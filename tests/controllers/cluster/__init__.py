"""Tests of controllers/cluster."""
