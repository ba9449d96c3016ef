"""Tests of controllers/simulator."""
