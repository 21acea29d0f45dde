"""The raw limit over HTTP: a Starlette route that validates the RSVP's body and does no I/O."""

from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Rsvp(msgspec.Struct, forbid_unknown_fields=True):
    attending: bool | None
    num_guests: Annotated[int, msgspec.Meta(ge=0, le=99)] = 1
    dietary: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class Guest(msgspec.Struct):
    id: str
    first_name: str
    last_name: str
    attending: bool | None
    num_guests: int
    dietary: str | None


decode = msgspec.json.Decoder(Rsvp).decode
encode = msgspec.json.Encoder().encode


async def answer(request: Request) -> Response:
    rsvp = decode(await request.body())
    guest = Guest(
        request.path_params["guest_id"],
        "Ada",
        "Lovelace",
        rsvp.attending,
        rsvp.num_guests,
        rsvp.dietary,
    )
    return Response(encode(guest), media_type="application/json")


app = Starlette(routes=[Route("/guests/{guest_id}/rsvp", answer, methods=["POST"])])
