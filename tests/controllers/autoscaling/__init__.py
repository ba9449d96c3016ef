"""Tests of controllers.autoscaling."""
