"""Finds the endpoint of a path: a tree of path segments, built once and walked per request."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from gatherlog.apps.guests import DEFAULT
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.parameters import PARAMETERS, parameters

__all__ = ["PathNode", "Route", "Router"]


class Route:
    """One endpoint under one of its path templates, with what every request needs prepared."""

    __slots__ = ("_checks", "body_reader", "endpoint", "private", "template")

    def __init__(self, endpoint: Endpoint[Any, Any], template: str) -> None:
        self.endpoint = endpoint
        self.template = template
        self._checks = [(name, PARAMETERS[name].check) for name in parameters(template)]
        self.body_reader = endpoint.body_reader()
        self.private = any(PARAMETERS[name].is_personal for name, _ in self._checks)
        """Whether paths of this template may name people, so that the log must not show them."""

    def ids(self, values: list[str]) -> tuple[str, dict[str, str]]:
        """The gathering's id, and the other parameters; NotFound where one is malformed."""
        ids = {
            name: check(value) for (name, check), value in zip(self._checks, values, strict=True)
        }
        return ids.pop("gathering_id", DEFAULT), ids


class PathNode:
    """A place in the tree: its routes by method, and the nodes of the next segment."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.static: dict[str, PathNode] = {}
        self.parameter: PathNode | None = None

    @property
    def allowed(self) -> str:
        """The methods served here, as the Allow header lists them."""
        return ", ".join(sorted(self.routes))


class Router:
    """The tree of all path templates of a table of endpoints."""

    def __init__(self, endpoints: Iterable[Endpoint[Any, Any]]) -> None:
        self._root = PathNode()
        for endpoint in endpoints:
            for template in endpoint.paths():
                self._add(Route(endpoint, template))

    def find(self, path: str, raw_path: bytes) -> tuple[PathNode, list[str]] | None:
        """The node at a path and the path's parameters, decoded; None if no endpoint is there.

        Segments are split before they are decoded, so that `%2F` is part of a segment: a household
        may be named "A/B". Raises NotFound for a path that is not UTF-8.
        """
        if b"%" in raw_path:
            try:
                segments = [unquote(part, errors="strict") for part in raw_path.decode().split("/")]
            except UnicodeDecodeError:
                raise NotFound("The path is not UTF-8.") from None
        else:
            segments = path.split("/")
        node, values = self._root, []
        for segment in segments[1:]:
            found = node.static.get(segment)
            if found is None:
                found = node.parameter
                if found is None:
                    return None
                values.append(segment)
            node = found
        return (node, values) if node.routes else None

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.template.split("/")[1:]:
            if "{" in segment:  # also where it stands behind an @, which its check takes off
                node.parameter = node.parameter or PathNode()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, PathNode())
        method = route.endpoint.method
        if method in node.routes:
            raise ValueError(f"{method} {route.template} stands twice in the table")
        node.routes[method] = route
        if method == "GET":
            node.routes["HEAD"] = route
