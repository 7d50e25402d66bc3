"""Ratios against nginx, in one run: `python -m bench`, or `make bench`.

    __main__.py    the command: what is measured, in which order
    measures.py    one measurement each: unary, streams, latency, slow streams
    report.py      rounds in, medians and ratios out; the table
    processes.py   pinned processes, their CPU and memory
    peers.py       nginx, the simulated upstreams, the proxy under test
    upstream.py    a quick upstream for streams (its own process)
    client.py      a lean client for streams (its own process)
    payloads.py    the bytes that are sent and answered

Figures are per CPU second of the proxy, so that a load generator which tires first, and other
work on the machine, change them little.
"""
