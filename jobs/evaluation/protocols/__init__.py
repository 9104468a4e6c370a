"""Protocols: what a model learns from, whom it is judged on, and what they wanted. One module each."""
