"""The lab machine around the story: people and their homes, logs, repositories, mail, checkpoints, keys. Pure functions of one `Lab`.

Law of this package: a fact that is told in two places comes from the story, or from one function here that both places call. Nothing in it
depends on the condition; what does is an entry of a scenario. No place outside the lab is named: where there is no opportunity, nothing
here may make one.
"""
