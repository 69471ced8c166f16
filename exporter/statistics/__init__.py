"""How sure a number can be: intervals of shares, ratios and slopes, in pure functions of counts."""
