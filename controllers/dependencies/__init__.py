"""Objects that a workload depends on follow it to its clusters."""
