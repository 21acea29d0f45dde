"""Commands: load, decide, commit and retry; what all apps' services share; plain appends."""
