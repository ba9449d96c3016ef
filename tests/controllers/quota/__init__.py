"""Tests of controllers.quota."""
