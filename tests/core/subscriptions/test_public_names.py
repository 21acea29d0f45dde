"""The names that programs import from the package, as a list: each comes and goes on purpose."""

import inspect

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
        "Unchanging",
        "Worker",
        "delivery_id",
    ]


def test_every_public_class_of_subscriptions_has_a_docstring() -> None:
    things = [getattr(subscriptions, name) for name in subscriptions.__all__]

    assert [one for one in things if inspect.isclass(one) and not inspect.getdoc(one)] == []
