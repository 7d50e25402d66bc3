"""Is told, never asked: journal, metrics, incidents."""
