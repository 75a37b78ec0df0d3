"""What lowerings write a program with."""
