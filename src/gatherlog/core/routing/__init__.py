"""Routing: rules that say which events go where, their patterns, and the bus that follows them."""
