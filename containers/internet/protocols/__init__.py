"""What the internet speaks: one protocol a module or folder, each fed with bytes, none with a socket of its own.

A protocol is a `talk.Talker`: it gets a `talk.Line` to answer by and the `talk.House` to capture with. SSH alone is handed a socket,
because paramiko wants one. What a protocol cannot read it hands to `raw`, so that no byte goes by uncaptured.
"""
