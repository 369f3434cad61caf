"""Gives a project's repository its deploy role in this account, and takes it away."""
