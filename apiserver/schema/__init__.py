"""One structural schema engine for every kind."""
