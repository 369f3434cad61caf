"""Prove that an endpoint at rest runs what was asked for, and say so."""
