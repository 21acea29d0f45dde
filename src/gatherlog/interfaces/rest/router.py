"""From a path to an endpoint: a tree of path segments, built once, walked once per request."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from gatherlog.apps.guests import DEFAULT
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.parameters import PARAMETERS, parameters

__all__ = ["Route", "Router", "Site"]


class Route:
    """One endpoint under one of its path templates, with what a request needs made ready."""

    __slots__ = ("_checks", "endpoint", "private", "reading", "template")

    def __init__(self, endpoint: Endpoint[Any, Any], template: str) -> None:
        self.endpoint = endpoint
        self.template = template
        self._checks = [(name, PARAMETERS[name].check) for name in parameters(template)]
        self.reading = endpoint.reading()
        self.private = any(PARAMETERS[name].is_personal for name, _ in self._checks)
        """Whether the path itself may name people, and stays out of the log."""

    def ids(self, values: list[str]) -> tuple[str, dict[str, str]]:
        """The gathering's id, and the other parameters; NotFound where one is malformed."""
        ids = {
            name: check(value) for (name, check), value in zip(self._checks, values, strict=True)
        }
        return ids.pop("gathering_id", DEFAULT), ids


class Site:
    """What stands at a path: a route per method. HEAD is GET without its body."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.static: dict[str, Site] = {}
        self.parameter: Site | None = None

    @property
    def allowed(self) -> str:
        """The methods, as the Allow header lists them."""
        return ", ".join(sorted(self.routes))


class Router:
    """All sites of a table of endpoints."""

    def __init__(self, endpoints: Iterable[Endpoint[Any, Any]]) -> None:
        self._root = Site()
        for endpoint in endpoints:
            for template in endpoint.paths():
                self._add(Route(endpoint, template))

    def find(self, path: str, raw_path: bytes) -> tuple[Site, list[str]] | None:
        """What stands at a path, and its parameters, decoded; None if it is none of ours.

        A `%2F` is a character of its segment and no boundary, so a household may be named "A/B".
        """
        if b"%" in raw_path:
            try:
                segments = [unquote(part, errors="strict") for part in raw_path.decode().split("/")]
            except UnicodeDecodeError:
                raise NotFound("The path is not UTF-8.") from None
        else:
            segments = path.split("/")
        site, values = self._root, []
        for segment in segments[1:]:
            found = site.static.get(segment)
            if found is None:
                found = site.parameter
                if found is None:
                    return None
                values.append(segment)
            site = found
        return (site, values) if site.routes else None

    def _add(self, route: Route) -> None:
        site = self._root
        for segment in route.template.split("/")[1:]:
            if segment.startswith("{"):
                site.parameter = site.parameter or Site()
                site = site.parameter
            else:
                site = site.static.setdefault(segment, Site())
        method = route.endpoint.method
        if method in site.routes:
            raise ValueError(f"{method} {route.template} stands twice in the table")
        site.routes[method] = route
        if method == "GET":
            site.routes["HEAD"] = route
