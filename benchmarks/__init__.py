"""Benchmarks: every figure beside its raw limit and its peer, in one run. Never a timed test."""
