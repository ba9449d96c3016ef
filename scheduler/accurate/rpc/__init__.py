"""Generated from estimator.proto: see there."""
