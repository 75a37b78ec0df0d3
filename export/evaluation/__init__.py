"""What files and networks score on pictures with labels, and how much two of them differ."""
