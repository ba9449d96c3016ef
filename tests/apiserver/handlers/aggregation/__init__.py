"""Tests of other servers behind this one."""
