"""What a stack costs by standing there, by a dated table of list prices. docs/costs.md: what is in, what is not."""
