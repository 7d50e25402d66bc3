"""To the backends: resolve, dial, TLS, pool, one attempt."""
