"""The demo organisation: a real production trace, spread over invented people and dates."""
