"""Starts the deployment workflow of a project whose version was approved."""
