"""The agents' door: JSON-RPC in, a call; an outcome, JSON-RPC out.

`endpoint` serves one POST, `eras` says which revision it speaks, `methods` holds what each era can be asked.
"""
