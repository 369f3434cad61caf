"""What people drive the platform from. `portal.engine` runs Pulumi operations; nothing heavy is imported here."""
