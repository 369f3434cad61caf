"""Style sheet and scripts, read once and served under a name that holds their hash, so that browsers may keep them."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

OWN: Final = ("portal.css", "portal.js")
# Django only carries htmx here; its package is located and never imported, since it would want Django itself.
CARRIER: Final = "django-htmx"
CARRIED: Final = {
    "htmx.js": "django_htmx/static/django_htmx/htmx-2.min.js",
    "htmx-sse.js": "django_htmx/static/django_htmx/ext/hx-sse-2.min.js",
}
TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    name: str
    content: bytes

    @property
    def version(self) -> str:
        """The first characters of its SHA-256."""
        return hashlib.sha256(self.content).hexdigest()[:12]

    @property
    def url(self) -> str:
        """Where it is served; another content has another address."""
        return f"/static/{self.version}/{self.name}"


def load() -> dict[str, Asset]:
    """Return every asset by name. Raises FileNotFoundError where one is not installed."""
    folder = Path(__file__).parent / "static"
    carrier = distribution(CARRIER)
    files = {name: folder / name for name in OWN}
    files |= {name: Path(str(carrier.locate_file(path))) for name, path in CARRIED.items()}
    return {name: Asset(name, path.read_bytes()) for name, path in files.items()}


ASSETS: Final = load()


def add_to(router: APIRouter) -> None:
    """Serve the assets, to whoever asks: the login page needs them too."""
    router.add_api_route("/static/{version}/{name}", serve, methods=["GET"], include_in_schema=False)


def serve(version: str, name: str) -> Response:
    """Return one asset. An address with another hash is of another release, and is not answered with this one."""
    asset = ASSETS.get(name)
    if asset is None or asset.version != version:
        raise HTTPException(404)
    return Response(asset.content, media_type=TYPES[Path(name).suffix], headers={"Cache-Control": FOREVER})
