"""Tests of controllers.failover."""
