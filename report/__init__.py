"""What is made of logs: tables, verdicts judged again, the schemas of the public formats. Reads logs and nothing else; needs no engine."""
