"""A process that `serve` starts beside itself: one of several servers, or the reader of the log."""

import socket
import sys

from gatherlog.entrypoints.orders import Order, take_order, tell_ready

__all__ = ["main"]


def main() -> None:
    """Do what the order says until told to stop; an error is one line on stderr."""
    order = take_order()
    try:
        if order.part == "server":
            _serve(order)
        else:
            _read(order)
    except Exception as error:
        from gatherlog.entrypoints.cli.failures import describe

        if (failure := describe(error)) is None:
            raise
        message, status = failure
        print("gatherlog: " + " ".join(message.split()), file=sys.stderr)
        sys.exit(status)


def _serve(order: Order) -> None:
    from gatherlog.entrypoints.asgi import serve_beside_others

    assert order.listener is not None
    with socket.socket(fileno=order.listener) as listener:
        serve_beside_others(order, listener, ready=lambda url: tell_ready())


def _read(order: Order) -> None:
    from gatherlog.entrypoints.working import work

    work(order.settings, ready=tell_ready, order=order)


if __name__ == "__main__":
    main()
