"""Tests of controllers/namespace_sync.py."""
