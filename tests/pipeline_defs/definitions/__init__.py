"""Sample pipeline definitions and the helpers that change them in one place."""
