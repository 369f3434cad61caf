"""An OpenID Connect issuer on this machine, with fictional people and without passwords: for tests and `mlops`."""
