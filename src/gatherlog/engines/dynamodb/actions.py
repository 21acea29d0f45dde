"""One action of a transaction: what is demanded of one item, and what becomes of it."""

from typing import Any, Final

from gatherlog.engines.dynamodb.items import number
from gatherlog.engines.dynamodb.keys import ItemKey

__all__ = ["Change"]

_ABSENT: Final = "attribute_not_exists(pk)"


class Change:
    """A change of one item under conditions, or the conditions alone.

    Names and values are collected while the expressions are built.
    """

    def __init__(self, key: ItemKey) -> None:
        self.key = key
        self._conditions: list[str] = []
        self._sets: list[str] = []
        self._adds: list[str] = []
        self._removes: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._is_deleted = False
        self.tells = False
        """Whether the item is to be told if a condition does not hold."""

    def demand_absent(self) -> None:
        self._demand(_ABSENT)

    def demand(self, attribute: str, value: dict[str, str]) -> None:
        """The attribute has this value."""
        self._demand(f"{attribute} = {self._value(value)}")

    def demand_none(self, attribute: str) -> None:
        """There is no such attribute, or no such item."""
        self._demand(f"attribute_not_exists({attribute})")

    def demand_none_or_zero(self, attribute: str) -> None:
        """The attribute is 0, or there is no such item."""
        zero = self._value(number(0))
        self._demand(f"({_ABSENT} OR {attribute} = {zero})")

    def demand_at_most(self, attribute: str, most: int) -> None:
        """The attribute is no more than this, or there is no such item."""
        self._demand(f"({_ABSENT} OR {attribute} <= {self._value(number(most))})")

    def demand_between(self, name: str, low: int, high: int) -> None:
        """A number that is 0 if it is missing lies between two values."""
        name = self._name(name)
        between = f"{name} BETWEEN {self._value(number(low))} AND {self._value(number(high))}"
        if low <= 0 <= high:
            between = f"(attribute_not_exists({name}) OR {between})"
        self._demand(between)

    def set(self, attribute: str, value: dict[str, Any]) -> None:
        self._sets.append(f"{attribute} = {self._value(value)}")

    def add(self, name: str, amount: int) -> None:
        """Add to a number, which is 0 if it is missing."""
        self._adds.append(f"{self._name(name)} {self._value(number(amount))}")

    def remove(self, attribute: str) -> None:
        self._removes.append(attribute)

    def delete(self) -> None:
        self._is_deleted = True

    @property
    def demands_nothing(self) -> bool:
        """Whether the item may be anything and stays what it is."""
        return not (self._conditions or self._changes() or self._is_deleted)

    def action(self, table: str) -> dict[str, Any]:
        """The action as the service wants it."""
        asked: dict[str, Any] = {"TableName": table, "Key": self.key.attributes}
        if self._conditions:
            asked["ConditionExpression"] = " AND ".join(self._conditions)
        if self._names:
            asked["ExpressionAttributeNames"] = self._names
        if self._values:
            asked["ExpressionAttributeValues"] = self._values
        if self.tells:
            asked["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self._is_deleted:
            return {"Delete": asked}
        if changes := self._changes():
            return {"Update": {**asked, "UpdateExpression": changes}}
        return {"ConditionCheck": asked}

    def _changes(self) -> str:
        parts = (("SET", self._sets), ("ADD", self._adds), ("REMOVE", self._removes))
        return " ".join([f"{verb} {', '.join(what)}" for verb, what in parts if what])

    def _demand(self, condition: str) -> None:
        if condition not in self._conditions:
            self._conditions.append(condition)

    def _name(self, name: str) -> str:
        """A placeholder for a name that may have any characters."""
        for placeholder, known in self._names.items():
            if known == name:
                return placeholder
        placeholder = f"#{len(self._names)}"
        self._names[placeholder] = name
        return placeholder

    def _value(self, value: dict[str, Any]) -> str:
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder
