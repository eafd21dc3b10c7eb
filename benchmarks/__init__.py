"""What the README claims about speed, measured here and stated as ratios of one run."""
