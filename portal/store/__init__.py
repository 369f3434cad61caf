"""The portal's database: tables, migrations, and the only code that speaks SQL."""
