"""Shared by all processes: API types, runtime, client, interpreter, CLI."""
