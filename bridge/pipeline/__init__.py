"""A call becomes an outcome: the data path. `run.py` orders its stages; nothing else does."""
