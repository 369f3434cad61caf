"""What the functions of delivery share."""
