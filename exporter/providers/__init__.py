"""One module or package per service: what to ask it, and how its answers are read into facts."""
