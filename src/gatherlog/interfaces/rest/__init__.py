"""REST: one table of endpoints, from which routing, the policy and the description all follow."""
