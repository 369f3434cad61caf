"""Copy an approved version of the previous environment into this environment's registry."""
