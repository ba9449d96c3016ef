"""Works become objects in members."""
