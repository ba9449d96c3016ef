"""Tests of controllers.dependencies."""
