"""Delivered events: when they were, and which are to be looked at together."""
