"""Tests of controllers/unified_auth.py."""
