"""The least rights that a process needs to use the table of a store, as a policy of AWS."""

import json
from typing import Final

from gatherlog.engines.dynamodb.installing import TableDescription

__all__ = ["rights_of"]

_ITEMS: Final = (
    "BatchGetItem",
    "ConditionCheckItem",
    "DeleteItem",
    "DescribeTable",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
)
"""What is done with the items of the table. Making a table and protecting it needs more."""


def rights_of(described: TableDescription) -> str:
    """What the table is, and the policy for whoever runs the site."""
    kept = "and cannot be" if described.deletion_protection_enabled else "and, as it is now, CAN be"
    return (
        "The table is billed by request, encrypted, can be restored to any second of the last 35"
        f" days, {kept} deleted. Whoever runs the site needs no more rights than these:\n"
        + json.dumps(_policy(described.table_arn), indent=2)
    )


def _policy(arn: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [f"dynamodb:{action}" for action in _ITEMS],
                "Resource": arn,
            },
            {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": f"{arn}/index/*"},
        ],
    }
