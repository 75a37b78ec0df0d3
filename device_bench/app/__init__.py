"""The Android app: building, signing and installing it."""
