"""Bytes become a call, an outcome becomes bytes: two doors, for people and for agents, that do not know each other."""
