"""The platform's parts: one ComponentResource per file, and beside them the pure functions that plan for them."""
