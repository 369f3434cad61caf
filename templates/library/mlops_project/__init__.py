"""What the repositories of a project share: names from variables, pipelines, versions, artifacts, endpoints.

The platform puts this folder here and keeps it up to date by pull request; change it there, not here.
"""
