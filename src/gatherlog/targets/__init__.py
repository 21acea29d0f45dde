"""Targets that deliveries go to: webhooks, mail, streams and queues; and the sending of mail."""
