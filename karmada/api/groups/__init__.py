"""The Karmada kinds, one module per API group: models and the resources they are read from."""
