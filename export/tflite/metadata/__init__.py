"""TensorFlow Lite metadata: what a .tflite file says about itself, and the files it carries."""
