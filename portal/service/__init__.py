"""What the portal does, without the web: operations and approvals, drift, settings, review environments, models."""
