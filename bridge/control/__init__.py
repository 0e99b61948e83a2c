"""People steering: FastAPI lives here, and nowhere near the data path."""
