"""Is the gain absorbed, where, and since when: from passages of changes to a verdict that can be checked."""
