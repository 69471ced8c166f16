"""Tests through the real process: the command line as it is installed, served by the double of GitHub on loopback."""
