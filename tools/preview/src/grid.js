// Where panels stand: Grafana's grid of 24 columns, in pixels.
const COLUMNS = 24;
const CELL = 30;
const GAP = 8;

/** Size and place of a gridPos on a grid `width` pixels wide. */
export function pixels({ x, y, w, h }, width) {
  const column = (width - GAP * (COLUMNS - 1)) / COLUMNS;
  return {
    left: x * (column + GAP),
    top: y * (CELL + GAP),
    width: w * column + (w - 1) * GAP,
    height: h * CELL + (h - 1) * GAP,
  };
}

/** Rows and panels from top to bottom. A collapsed row keeps its panels to itself unless `expand`. */
export function layout(panels, expand) {
  let moved = 0;
  return panels.flatMap((panel) => {
    const placed = { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + moved } };
    if (panel.type !== 'row' || !panel.collapsed || !expand) return [placed];
    const inside = panel.panels ?? [];
    const top = panel.gridPos.y + 1;
    const first = Math.min(...inside.map(({ gridPos }) => gridPos.y));
    const rows = Math.max(0, ...inside.map(({ gridPos }) => gridPos.y + gridPos.h - first));
    const opened = inside.map((each) => ({
      ...each,
      gridPos: { ...each.gridPos, y: each.gridPos.y - first + top + moved },
    }));
    moved += rows;
    return [{ ...placed, collapsed: false, panels: [] }, ...opened];
  });
}
