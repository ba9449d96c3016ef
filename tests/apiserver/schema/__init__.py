"""The schema engine."""
