"""What the screens ask: one module per subject, one function per question."""
