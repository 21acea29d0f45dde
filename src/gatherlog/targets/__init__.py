"""Targets: where Gatherlog brings things to, outside of its own store."""
