"""The metric rows and, beside each, the pure function that feeds it."""
