"""Subscriptions: named readers of the log, with checkpoints, retries, leases and dead letters."""
