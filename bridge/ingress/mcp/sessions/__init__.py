"""Sessions of the revisions before 2026-07-28. Any replica serves each: what is known of one is in the shared state."""
