"""Reads a world's evidence out, once, into the sample's store; the world may die afterwards."""
