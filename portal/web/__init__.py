"""The edge to the web: who a request comes from, whether it may be believed, and how failures are told."""
