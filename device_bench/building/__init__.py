"""What is built on the host, once: the native runner with its libraries, and what it takes."""
