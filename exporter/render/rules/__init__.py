"""Recording and alerting rules: the rows, and the rule files of Prometheus that are written from them."""
