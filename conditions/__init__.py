"""The circumstances of a sample: factors and their levels, presets, and the world and prompts that follow from them.

Knows pydantic, YAML and one template engine; never Inspect, never the engine that runs the containers.
"""
