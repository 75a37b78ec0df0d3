"""Hostile data beside networks: pictures, arrays, archives, weights, labels, lists, manifests."""
