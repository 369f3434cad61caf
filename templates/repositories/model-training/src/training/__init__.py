"""The pipeline of this project: what runs where, and what decides whether a model is registered."""
