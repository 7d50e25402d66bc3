"""To the backends: resolve, dial, TLS, pool, one attempt.

`transport` is the front door. An order's way from there: `pool` (a waiting connection), else `dial`
(`resolver`, `egress`, `tunnel`, `trust`); then `request` and `upload` on a `connection`, whose
`answer` is read by the `rules`; `attempt` tells the exchange. What the room must never do: repeat a
request, follow a redirect, decide what a failure means.
"""
