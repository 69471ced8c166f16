import { getFrameDisplayName } from '@grafana/data';
import { TableNG } from '@grafana/ui/unstable';
import { Select } from '@grafana/ui';
import { NoData } from './nodata.jsx';

const SELECT_HEIGHT = 40;

export function TablePanel({ data, options, fieldConfig, width, height, timeRange }) {
  const frames = data.series;
  const frame = frames[options.frameIndex] ?? frames[0];
  if (!frame?.fields.length) return <NoData fieldConfig={fieldConfig} />;
  const several = frames.length > 1;
  return (
    <>
      <TableNG
        data={frame}
        width={width}
        height={height - (several ? SELECT_HEIGHT : 0)}
        noHeader={!options.showHeader}
        showTypeIcons={options.showTypeIcons}
        resizable
        sortBy={options.sortBy}
        cellHeight={options.cellHeight}
        maxRowHeight={options.maxRowHeight}
        enablePagination={options.enablePagination}
        frozenColumns={options.frozenColumns?.left}
        noValue={fieldConfig.defaults.noValue}
        fieldConfig={fieldConfig}
        timeRange={timeRange}
        structureRev={1}
        enableVirtualization={false}
        disableSanitizeHtml={false}
      />
      {several && (
        <div style={{ paddingTop: 8 }}>
          <Select
            options={frames.map((each, value) => ({ label: getFrameDisplayName(each), value }))}
            value={options.frameIndex}
            onChange={() => {}}
          />
        </div>
      )}
    </>
  );
}
