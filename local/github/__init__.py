"""A GitHub on this machine: the REST API as far as the platform uses it, with permissions, limits and faults."""
