"""Tests of controllers/main."""
