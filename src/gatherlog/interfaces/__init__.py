"""Who asks: each interface turns requests into calls of services, and errors into statuses."""
