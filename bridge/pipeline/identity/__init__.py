"""Who calls, as their credential says: one module for each kind of it, one front before them all."""
