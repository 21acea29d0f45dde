"""The keys of all items: one table holds everything, and a key is computed from a name.

| item | pk | sk |
|---|---|---|
| what the store is | `store` | `!` |
| the last position of a partition | `heads` | number |
| a declared view, and the places of its indexes | `views`, `places` | view |
| the version of a stream | `h#category#shard` | stream |
| events of a stream | `e#stream` | version of the last one |
| a document, and its counters | `d#view#shard` | id, and id + U+0000 |
| an idempotency key | `k#shard` | key |

Heads of streams, documents and keys are spread over a few partition keys each, so that they can be
listed consistently and without reading anything else. No id has a character U+0000.
"""

from typing import Any, Final, NamedTuple
from zlib import crc32

from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.core.eventstore.store import IndexKey, Ref
from gatherlog.core.eventstore.streams import category_of

__all__ = [
    "BUCKET",
    "FEED",
    "HEADS",
    "INDEXES",
    "KEY_SHARDS",
    "PLACES",
    "SHARDS",
    "VIEWS",
    "ItemKey",
    "bucket_key",
    "counters_key",
    "document_key",
    "events_key",
    "idempotency_key",
    "index_attributes",
    "index_name",
    "index_names",
    "index_partition",
    "index_sort",
    "keys_of_shard",
    "list_key",
    "partition_key",
    "store_key",
    "stream_key",
    "version_text",
]

SHARDS: Final = 8
"""So many partition keys share the streams of a category, or the documents of a view."""
KEY_SHARDS: Final = 32
"""So many share all idempotency keys."""
BUCKET: Final = 1_000
"""So many positions have one partition key in the index of the feed."""
INDEXES: Final = 6
"""The most indexes that the documents of one view can be listed in."""
HEADS: Final = "heads"
VIEWS: Final = "views"
PLACES: Final = "places"
FEED: Final = "feed"
"""The index in which the events of a partition are in the order of their positions."""
_ONLY: Final = "!"
_INDEX_NAMES: Final = [(f"a{place}", f"b{place}") for place in range(INDEXES)]


class ItemKey(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str

    @property
    def attributes(self) -> dict[str, Any]:
        """The key as the service wants it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def store_key() -> ItemKey:
    return ItemKey("store", _ONLY)


def partition_key(partition: int) -> ItemKey:
    """The item with the last position of a partition."""
    return ItemKey(HEADS, f"{partition:03}")


def idempotency_key(key: str) -> ItemKey:
    return ItemKey(keys_of_shard(crc32(key.encode()) % KEY_SHARDS), key)


def keys_of_shard(shard: int) -> str:
    """The partition key of a part of the idempotency keys."""
    return f"k#{shard}"


def stream_key(stream: str) -> ItemKey:
    """The item with the version of a stream."""
    return ItemKey(list_key("h", category_of(stream), _shard(stream)), stream)


def document_key(ref: Ref) -> ItemKey:
    view, id = ref
    return ItemKey(list_key("d", view, _shard(id)), id)


def counters_key(ref: Ref) -> ItemKey:
    pk, sk = document_key(ref)
    return ItemKey(pk, sk + "\0")


def list_key(kind: str, name: str, shard: int) -> str:
    """The partition key of a part of the streams of a category or of the documents of a view."""
    return f"{kind}#{name}#{shard}"


def _shard(name: str) -> int:
    return crc32(name.encode()) % SHARDS


def events_key(stream: str, last: int) -> ItemKey:
    """The item with events of a stream, of which the last has this version."""
    return ItemKey("e#" + stream, version_text(last))


def version_text(version: int) -> str:
    """A version so that texts have the order of the numbers."""
    return f"{version:019}"


def bucket_key(partition: int, position: int, beyond: int = 0) -> str:
    """The partition key in the feed of the item whose last event has this position, or of those of
    so many buckets beyond."""
    return f"{partition}#{position // BUCKET + beyond}"


def index_name(place: int) -> str:
    """The index of the table at one of INDEXES places."""
    return f"list{place}"


def index_names(place: int) -> tuple[str, str]:
    """The attributes of the key of that index."""
    return _INDEX_NAMES[place]


def index_partition(view: str, index: str, partition: str) -> str:
    """The partition key of a list, in whichever index of the table it is."""
    return f"{view}\x01{index}\x01{partition}"


def index_sort(sort: str, id: str) -> str:
    """The sort key of a document in a list: by its own sort key first, then by its id."""
    return f"{sort}\0{id}"


def index_attributes(ref: Ref, index: str, place: int, key: IndexKey) -> dict[str, Any]:
    """What lists a document under a key."""
    partition, sort = split_key(key)
    first, second = index_names(place)
    return {
        first: {"S": index_partition(ref[0], index, partition)},
        second: {"S": index_sort(sort, ref[1])},
    }
