"""sdlc-exporter: software-delivery metrics that show where the gain of AI coding assistants is absorbed."""

__version__ = "0.1.0"
