"""The only room that waits: requests, limits, the clock, the web server and the one thread that owns the store."""
