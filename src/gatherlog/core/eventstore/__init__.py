"""The event store: events and their codec, the contract of a store, and what a commit means."""
