"""What happens to every request before a handler sees it."""
