"""The local control plane: real processes on loopback, with embedded member clusters."""
