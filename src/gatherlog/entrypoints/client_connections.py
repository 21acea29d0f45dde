"""Counts the connections of each client, so that no client can take all of them."""

from collections.abc import Sequence

from gatherlog.interfaces.clients import ClientAddresses

__all__ = ["ClientConnections"]


class ClientConnections:
    """Counts connections by client address (IPv6: by network); each client may have `most`.

    Trusted proxies connect for many clients and have no limit.
    """

    def __init__(self, trusted: Sequence[str], *, most: int) -> None:
        self._addresses = ClientAddresses(trusted)
        self._most = most
        self._open: dict[str, int] = {}

    def add(self, address: str) -> bool:
        """Count a connection, until it is removed; False if the client has too many."""
        client = self._client(address)
        self._open[client] = self._open.get(client, 0) + 1
        return self._open[client] <= self._most or self._addresses.trusts(address)

    def remove(self, address: str) -> None:
        client = self._client(address)
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def _client(self, address: str) -> str:
        return self._addresses.client({"client": (address, 0), "headers": []})
