"""Documents written from the code they describe."""
