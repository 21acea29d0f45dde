"""Commands: load, decide, commit, and try again; and appending to the log without an app."""
