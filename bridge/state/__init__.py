"""What replicas share or what must survive, behind Protocols."""
