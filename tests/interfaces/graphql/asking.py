"""Asking a GraphQL API in tests, as somebody."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http

__all__ = ["ON_SQLITE", "Answer", "Asking", "People"]

ON_SQLITE = pytest.mark.parametrize(
    "address", ["sqlite:///{path}/gatherlog.db"], indirect=True, ids=["sqlite"]
)
"""For tests of requests that never reach the store."""
RESPONSE = "application/graphql-response+json"


class Person(msgspec.Struct, frozen=True):
    """An account, and a credential of it."""

    id: str
    secret: str


class People(msgspec.Struct, frozen=True):
    """Olga and Otto are organisers, Rita is a reviewer; Pia and Paul are parents."""

    olga: Person
    otto: Person
    rita: Person
    pia: Person
    paul: Person

    @staticmethod
    async def signed_in(platform: Platform) -> "People":
        async def person(name: str, role: str) -> Person:
            email = f"{name}@example.org"
            account = await platform.accounts.ensure(email, actor="test")
            made = await platform.keys.create(role, None, name, actor="test", account_id=account)
            return Person(account, made.secret)

        async def parent(name: str) -> Person:
            email = f"{name}@example.org"
            code = await platform.accounts.issue_code(email)
            session = await platform.accounts.start_session(email, code)
            return Person(await platform.accounts.ensure(email, actor="test"), session)

        return People(
            olga=await person("olga", "organiser"),
            otto=await person("otto", "organiser"),
            rita=await person("rita", "reviewer"),
            pia=await parent("pia"),
            paul=await parent("paul"),
        )


class Answer(msgspec.Struct, frozen=True):
    """The answer to one request."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.body["errors"]  # type: ignore[no-any-return]

    @property
    def code(self) -> str:
        """The code of the only error."""
        [error] = self.errors
        return error["extensions"]["code"]  # type: ignore[no-any-return]

    @property
    def flaws(self) -> dict[str, str]:
        """The flaws of the only error, by pointer."""
        [error] = self.errors
        return {flaw["pointer"]: flaw["detail"] for flaw in error["extensions"]["errors"]}


class Asking:
    """Asks as Olga, Rita, Pia or nobody, each at the API that is theirs."""

    def __init__(self, client: AsyncClient, people: People) -> None:
        self.client = client
        self.people = people

    @staticmethod
    @asynccontextmanager
    async def of(app: Http, people: People) -> AsyncIterator["Asking"]:
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
            yield Asking(client, people)

    async def organiser(self, query: str, *, who: str = "olga", **variables: Any) -> Answer:
        return await self.api("organiser", query, variables, who=who)

    async def user(self, query: str, *, who: str = "pia", **variables: Any) -> Answer:
        return await self.api("user", query, variables, who=who)

    async def guest(self, query: str, **variables: Any) -> Answer:
        return await self.api("guest", query, variables)

    async def audit(self, query: str, *, who: str = "rita", **variables: Any) -> Answer:
        return await self.api("audit", query, variables, who=who)

    async def api(
        self,
        name: str,
        query: str,
        variables: Mapping[str, Any] = {},
        *,
        who: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """Ask one API as somebody."""
        body = {"query": query, "variables": variables}
        answer = await self.post(name, body, who=who, headers=headers)
        return Answer(answer.status_code, answer.json())

    async def post(
        self, name: str, body: Any, *, who: str | None = None, headers: Mapping[str, str] = {}
    ) -> Response:
        signed = {} if who is None else {"authorization": f"Bearer {self.secret(who)}"}
        return await self.client.post(
            f"/graphql/{name}", json=body, headers={"accept": RESPONSE, **signed, **headers}
        )

    def secret(self, who: str) -> str:
        person: Person = getattr(self.people, who)
        return person.secret
