"""Benchmarks: what a run, a sweep and a start cost, and what other ways of running the same rules cost."""
