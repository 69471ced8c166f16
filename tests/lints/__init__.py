"""Lints of our dashboards and rules, each with a number, and the reasons for those that are not there.

1 to 17 are the rules of Grafana's dashboard-linter, 18 to 33 our own, 34 to 69 the checks of pint, and from 70 on is
what only this project asks for. ``rulebook.py`` says why some are missing, ``exclusions.yaml`` what may break a rule.

Sources: https://github.com/grafana/dashboard-linter/tree/main/docs, https://cloudflare.github.io/pint/checks/
"""
