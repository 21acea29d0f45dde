"""Where a process starts: settings, bootstrap, hand over."""
