"""A client of GitHub's REST API for the functions: as a GitHub App, with tokens for one purpose, within a deadline."""
