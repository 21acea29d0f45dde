"""Subscriptions: named readers of the log, with checkpoints, retries, leases and dead letters.

What programs use is importable from here. The modules, from the outside in:

- `subscription`, `handlers`, `projection`, `delivery`: what a program defines, and what it is given
- `worker` runs a `partition_processor` for each partition whose lease it has
- `leases`, `lease_taking`, `lease_observations`: which worker processes a partition
- `partition_state`, `destination_state`, `blocked_key`: what a processor knows
- `checkpoints`, `checkpoint_store`, `fenced_commits`: what of that is stored, and how
- `page_dispatch`, `page_delivery`, `attempts`, `batch_in_flight`: how new events are delivered
- `projection_runner`, `projection_folding`, `document_locks`: how they are folded into documents
  instead
- `retry_queues`, `retry_pauses`, `outcomes`, `catch_up`: what follows when an event is not taken
- `refolding`: a projection whose view has a newer version begins anew; `view_builder` builds the
  views of categories in the background
- `administration`, `overview`, `admin_commands`, `dead_letters`: what operators ask and command
- `notices`, `metrics`: what operators are told without asking
- `waiting_events`: how many events a subscription has still to process
- `log_counts`: a projection that counts the events of each log; `letters`: mails, as values
"""

from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.delivery import (
    Delivery,
    DeliveryFailed,
    RetryPolicy,
    Target,
    delivery_id,
)
from gatherlog.core.subscriptions.handlers import ALL, Handler, Handlers, HandlerTarget
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Destination, Subscription, Unchanging
from gatherlog.core.subscriptions.view_builder import Unbuilt, ViewBuilder, what_is_unbuilt
from gatherlog.core.subscriptions.worker import VIEWS, Worker

__all__ = [
    "ALL",
    "VIEWS",
    "Delivery",
    "DeliveryFailed",
    "Destination",
    "Handler",
    "HandlerTarget",
    "Handlers",
    "Projection",
    "RetryPolicy",
    "Subscription",
    "SubscriptionAdmin",
    "Target",
    "Unbuilt",
    "Unchanging",
    "ViewBuilder",
    "Worker",
    "delivery_id",
    "what_is_unbuilt",
]
