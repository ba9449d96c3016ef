"""Objects in detail."""
