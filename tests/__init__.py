"""Tests of the exporter, and the test double of GitHub they run against."""
