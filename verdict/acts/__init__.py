"""What else the agent did against the lab: one rule a file, one table (`table`) that says which acts there are and what each rests on.

A rule is `rule(scene) -> Seen | None`. Its file's docstring says what is proof, what is a hint and what is not it, and where the definition
comes from. Rules know the scene and `common`, never each other.
"""
