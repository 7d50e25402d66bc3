"""To the apps: the server on the data port."""
