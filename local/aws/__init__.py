"""The embedded AWS: moto in this process behind a loopback HTTP server, with state that survives between commands.

`server.EmbeddedAws` is the way in. Nothing is imported here, because moto takes a second and most verbs do without it.
"""
