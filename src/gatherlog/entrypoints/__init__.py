"""Where processes start: read the settings, make the platform, and hand over to it."""
