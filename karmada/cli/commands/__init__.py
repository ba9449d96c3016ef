"""One module per karmadactl command."""
