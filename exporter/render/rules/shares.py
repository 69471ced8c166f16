"""A team's share of the last 28 days beside that of the 62 before, and what chance alone would set between them."""

from exporter.render.rules.rows import Recording


def beside_before(name: str, part: str, whole: str) -> tuple[Recording, ...]:
    """The recordings ``name``, ``name_before``, ``name_90d`` and ``name_error``.

    ``part`` and ``whole`` are counts by team and ``window`` (28d and 90d). The first two are absent where the whole is
    less than the fewest changes that a ratio has to rest on. The error is the standard error of the difference of the
    two shares, were both the share of all 90 days.
    """

    def of(count: str, window: str) -> str:
        return f'sum without (window) ({count}{{window="{window}"}})'

    enough = """  >= on ($exporter) group_left ()
  max by ($exporter) (last_over_time(sdlc_threshold_changes{name="samples"}[5m]))"""
    return (
        Recording(
            name,
            f"""
{of(part, "28d")}
/
sum without (window) (
  {whole}{{window="28d"}}
{enough}
)
""",
        ),
        Recording(
            f"{name}_before",
            f"""
(
  {of(part, "90d")}
  - {of(part, "28d")}
)
/
(
  {of(whole, "90d")}
  - {of(whole, "28d")}
{enough}
)
""",
        ),
        Recording(
            f"{name}_90d",
            f"""
{of(part, "90d")}
/
({of(whole, "90d")} > 0)
""",
        ),
        Recording(
            f"{name}_error",
            f"""
sqrt(
  {name}_90d
  * (1 - {name}_90d)
  * (
    1 / ({of(whole, "28d")} > 0)
    + 1 / (
      {of(whole, "90d")}
      - {of(whole, "28d")}
      > 0
    )
  )
)
""",
        ),
    )
