"""Dashboards of Grafana: rows of panels per dashboard, and the JSON that is written from them."""
