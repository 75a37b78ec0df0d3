"""Samples from pictures or arrays, and the ranges that activations take on them."""
