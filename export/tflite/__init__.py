"""The TFLite target: layout, operators, writing, quantization and inspection."""
