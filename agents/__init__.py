"""Agents of the model: one module per kind of decision maker, and their decision rules in `agents.rules`."""
