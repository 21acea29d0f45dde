"""Stores in a table of DynamoDB."""

from gatherlog.engines.dynamodb.engine import DynamoStore
from gatherlog.engines.dynamodb.opening import open_dynamodb, take_restored, told_rights

__all__ = ["DynamoStore", "open_dynamodb", "take_restored", "told_rights"]
