"""What finance takes away: statements as files that open anywhere and add up to the cent."""
