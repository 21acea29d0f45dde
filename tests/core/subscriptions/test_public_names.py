"""The names that programs import from the package, as a list: each comes and goes on purpose."""

from gatherlog.core import subscriptions


def test_the_public_names_of_subscriptions() -> None:
    assert subscriptions.__all__ == [
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
