"""The platform on one machine: offline preview, pipeline runner, embedded AWS."""
