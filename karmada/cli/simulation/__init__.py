"""`karmadactl simulate`: a changed world, what the scheduler would do in it, and how that is told."""
