"""Networks for Core AI: .aimodel folders, written and run with Apple's own package."""
