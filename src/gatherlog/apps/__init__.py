"""Apps: each has its events, decisions, views and service. No app imports another one."""
