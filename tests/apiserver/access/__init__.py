"""Tests of access: RBAC, discovery, tables, reviews."""
