"""The security headers of every response."""

from typing import Final

from portal.access.origins import origin_of

HSTS_SECONDS: Final = 365 * 24 * 3600


def content_security_policy(issuer_origin: str | None = None) -> str:
    """Return the policy: own scripts and styles from files, nothing inline, nothing evaluated, nothing foreign.

    A form that ends in a redirect (login, logout) is checked by browsers at every step of it, so the issuer's origin is
    a target of forms. For htmx this means `includeIndicatorStyles: false` and `allowEval: false` in its configuration.
    """
    form_targets = "'self'"
    if issuer_origin is not None:
        # origin_of, so that nothing but an origin gets into the header, whatever the configuration says.
        origin = origin_of(issuer_origin)
        if origin is None:
            raise ValueError(f"issuer_origin {issuer_origin!r} is no http(s) address")
        form_targets = f"'self' {origin}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            f"form-action {form_targets}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def security_headers(https: bool, issuer_origin: str | None = None, *, page: bool = True) -> dict[str, str]:
    """Return the headers.

    `https`: whether people reach the portal by https, also through a proxy that ends it. `page`: whether it is a page
    or an answer of the API, which no cache may keep; files with a hash in their name set their own caching.
    """
    headers = {
        "Content-Security-Policy": content_security_policy(issuer_origin),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # Not "no-referrer": browsers would then send `Origin: null` with our own forms, which the CSRF check refuses.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if https:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
    if page:
        headers["Cache-Control"] = "no-store"
    return headers
