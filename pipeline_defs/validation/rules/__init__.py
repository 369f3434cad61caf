"""Our own rules for a definition, one file per subject; `pipeline_defs.validation.lint` runs them all."""
