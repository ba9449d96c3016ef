"""Tests of controllers/kube."""
