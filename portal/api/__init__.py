"""The JSON API. Its types are those that the services return, so that nothing is said twice."""
