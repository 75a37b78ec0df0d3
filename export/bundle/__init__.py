"""What an app team gets of an export: one folder, and a zip of it, with all that they will ask."""
