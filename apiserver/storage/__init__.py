"""Objects on top of a Backend, served from a cache of bytes."""
