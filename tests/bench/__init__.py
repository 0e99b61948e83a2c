"""Measurements that anybody can repeat: what the documentation claims, and the command that shows it."""
