"""From what people bring to a graph whose every value has a static shape and a type."""
