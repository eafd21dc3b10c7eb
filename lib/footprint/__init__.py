"""Footprint: what an organisation's LLM requests cost and weigh."""
