"""Apps: each one's events, rules, views and service. They meet through the log, never by import."""
