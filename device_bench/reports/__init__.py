"""What is made of the stored results: a page, tables, JSON."""
