"""Interfaces: each turns requests into calls of services, and errors into answers."""
