"""What is known of each model without building it: a file of rows per family, and the registry."""
