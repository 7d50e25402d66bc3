"""Faultline: a local reverse proxy with failover for AI providers.

A synchronous core that decides, one small async room that drives, and I/O only at the ends.

    cli/            one file per command
    app.py          composition root: builds the objects, runs, reloads, drains; owns the clock
    console/        to people: the application on the console port
    edge/           to the apps: the server on the data port
    wire/           to the backends: resolve, dial, TLS, pool, one attempt
    report/         is told, never asked: journal, metrics, incidents
    settings/       from YAML to one immutable Fleet; provider catalogue and signatures (data)
    sim/            simulated providers that can fail in every known way
    exchange/       the life of one request
    diagnosis/      what a failure means: Outcome -> Verdict
    policy/         what to do about it: routing, selection, health, budget, failover
    dialects/       what bytes mean
    model/          the nouns

Imports point down this list only; `pyproject.toml` has the contract.
"""
