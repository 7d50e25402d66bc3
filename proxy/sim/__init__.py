"""Simulated providers that can fail in every known way: the demo, drills and tests use them."""
