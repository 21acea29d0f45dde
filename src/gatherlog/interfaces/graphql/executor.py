"""Executing without cycles of references, so that memory is freed when an answer is made.

The library's executor refers to itself by helpers that only interfaces and unions need. What it
holds, some hundred objects for each query, would stay until the garbage collector finds it. With
many queries at once it then takes as much time as executing them.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from graphql.execution.incremental import IncrementalExecutor
from graphql.type import GraphQLResolveInfoHelpers

__all__ = ["LeanExecutor"]


async def _gather(awaitables: Any) -> list[Any]:
    return list(await asyncio.gather(*awaitables))


def _track(awaitables: Sequence[Any]) -> None:
    """Nothing is left to run after an answer."""


_HELPERS: Final = GraphQLResolveInfoHelpers(gather=_gather, track=_track)


class LeanExecutor(IncrementalExecutor):
    """The library's executor, without references to itself."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.async_helpers = _HELPERS
