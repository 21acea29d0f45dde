"""What a struct demands beyond the types of its fields, as JSON Schema says it.

Handlers and services refuse what breaks it, in their own words; the description has it from here.
"""

from collections.abc import Mapping
from typing import Any, Final

from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.interfaces.rest.dead_letters import DiscardManyRequest, RedriveManyRequest
from gatherlog.interfaces.rest.items import Item
from gatherlog.interfaces.rest.sign_in import LoginRequest

__all__ = ["DEMANDS"]

_WHICH: Final = [
    {"required": ["subscription"], "properties": {"subscription": {"type": "string"}}},
    {"required": ["destination"], "properties": {"destination": {"type": "string"}}},
    {"required": ["all"], "properties": {"all": {"const": True}}},
]
_FOR_EVER: Final = {
    "required": ["attempts", "age"],
    "properties": {"attempts": {"const": None}, "age": {"const": None}},
}

DEMANDS: Final[Mapping[type, Mapping[str, Any]]] = {
    Item: {"required": ["type", "payload"]},
    LoginRequest: {"required": ["token", "lastName"]},
    RedriveManyRequest: {"anyOf": _WHICH},
    DiscardManyRequest: {"anyOf": _WHICH},
    RetryPolicy: {"not": _FOR_EVER},
}
"""Keywords that are added to the schema of a struct, or replace those that it has."""
