"""Who may do what: roles, login by OpenID Connect, API tokens, CSRF, security headers. Without database and pages."""
