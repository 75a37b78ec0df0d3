"""Elements behind the end of an image that do not matter: who can make, carry and drop them."""
