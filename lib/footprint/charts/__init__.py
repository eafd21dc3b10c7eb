"""One function for each chart: table in, Plotly figure out. Nothing here asks for data."""
