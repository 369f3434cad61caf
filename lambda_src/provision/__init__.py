"""Makes, upgrades and archives projects, for CloudFormation, the command line and a portal alike."""
