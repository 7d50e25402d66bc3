"""What to do about a verdict: routing, selection, health, budget, failover.

Plain functions and small objects that are told the time. This room never learns what HTTP is:
it reads an `Ask`, a `Route` and verdicts, and answers with decisions.
"""
