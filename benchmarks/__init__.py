"""Benchmarks: each compares Gatherlog with a raw limit and with other software, in the same run."""
