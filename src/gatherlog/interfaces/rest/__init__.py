"""REST: one table of endpoints, from which routing, policy checks and description are made."""
