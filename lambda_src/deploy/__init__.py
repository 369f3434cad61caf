"""Bring an approved version of this environment to its endpoint."""
