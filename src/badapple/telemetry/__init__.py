"""What is told of the running: JSON logs, metrics, traces."""
