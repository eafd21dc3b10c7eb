"""What every page shares: begin, filter, cards, tables, and figures as the reader writes them."""
