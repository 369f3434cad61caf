"""Publishes content of this repository into template repositories, one commit per change."""
