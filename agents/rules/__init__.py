"""Decision rules: pure scalar functions, called as plain Python or inlined in compiled loops.

A rule takes scalars and returns a scalar or a tuple of them. It holds no state, draws no random number and
raises no error: where a value is undefined it returns nan, where it is unbounded inf, and where it is capped
the docstring says so.
"""
