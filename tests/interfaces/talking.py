"""Members of a site who write to each other over HTTP."""

from typing import Any

from httpx2 import AsyncClient, Response

from gatherlog.bootstrap import Platform

__all__ = ["Member", "signed_up"]


class Member:
    """A member with a session and a handle."""

    def __init__(self, client: AsyncClient, session: str, handle: str, account_id: str) -> None:
        self.client = client
        self.session = session
        self.handle = handle
        self.account_id = account_id

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Response:
        headers = {"authorization": f"Bearer {self.session}", **headers}
        return await self.client.request(method, path, json=json, headers=headers)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def write(self, text: str, **to: str) -> dict[str, Any]:
        answer = await self.ask("POST", "/api/messages", {"message": text, **to})
        assert answer.status_code == 200, answer.text
        sent: dict[str, Any] = answer.json()
        return sent


async def signed_up(platform: Platform, client: AsyncClient, handle: str) -> Member:
    """A new member, whose address and name are made of the handle."""
    address = f"{handle}@example.org"
    code = await platform.accounts.issue_code(address)
    session = await platform.accounts.start_session(address, code)
    actor = await platform.accounts.session(session)
    assert actor is not None
    member = Member(client, session, handle, actor.id)
    named = {"handle": handle, "display_name": handle.capitalize()}
    answer = await member.ask("PUT", "/account", named)
    assert answer.status_code == 200, answer.text
    return member
