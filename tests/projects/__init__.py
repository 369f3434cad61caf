"""Projects from end to end: the real functions against moto, the local GitHub and a CloudFormation that listens."""
