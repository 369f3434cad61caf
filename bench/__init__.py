"""What the platform's program and its local runner cost, as ratios measured in one run. `python -m bench` prints it."""
