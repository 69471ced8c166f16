import { renderTextPanelMarkdown } from '@grafana/data';

export function TextPanel({ options, replaceVariables }) {
  const content = replaceVariables(options.content, {}, 'text');
  const html = options.mode === 'html' ? content : renderTextPanelMarkdown(content);
  return (
    <div
      className="markdown-html"
      style={{ height: '100%', overflow: 'hidden' }}
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
