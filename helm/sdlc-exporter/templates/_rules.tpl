{{/* The rules of files/alerts with the changes of .Values.prometheusRule. Parsed and never run as templates, so that
     {{ $labels }} of Prometheus stays as it is. */}}

{{/* A range in front of the comment `# param:window` that ends a line of PromQL; the comment may go on. */}}
{{- define "sdlc-exporter.windowMarker" -}}
(?m)\[[0-9a-z]+((?::[0-9a-z]*)?\][^\[\]\n]*# param:window(?:, longer than for)?[ \t]*)$
{{- end -}}

{{- define "sdlc-exporter.ruleGroups" -}}
{{- $groups := list -}}
{{- range $path, $_ := .Files.Glob "files/alerts/*.yaml" -}}
{{- range $group := ($.Files.Get $path | fromYaml).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- if not $rule.alert -}}
{{- $rules = append $rules $rule -}}
{{- else if not (or $.Values.prometheusRule.recordingOnly (get $.Values.prometheusRule.disabled $rule.alert)) -}}
{{- $rules = append $rules (include "sdlc-exporter.alert" (dict "rule" $rule "given" $.Values.prometheusRule) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- if $rules -}}
{{- $groups = append $groups (set (deepCopy $group) "rules" $rules) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (concat $groups .Values.prometheusRule.additionalGroups) -}}
{{- end -}}

{{- define "sdlc-exporter.alert" -}}
{{- $given := .given -}}
{{- $rule := deepCopy .rule -}}
{{- $params := default dict (get $given.params $rule.alert) -}}
{{- $override := deepCopy (default dict (get $given.overrides $rule.alert)) -}}
{{- with $params.window -}}
{{- $rule = set $rule "expr" (regexReplaceAll (include "sdlc-exporter.windowMarker" $) $rule.expr (printf "[%s${1}" .)) -}}
{{- end -}}
{{- $labels := mustMergeOverwrite (default dict $rule.labels) $given.additionalRuleLabels (default dict $override.labels) -}}
{{- $annotations := default dict $rule.annotations -}}
{{- with $given.runbookUrl -}}
{{- $path := $annotations.runbook_url | trimPrefix "https://github.com/sdlc-exporter/sdlc-exporter/blob/main/docs/runbooks/" -}}
{{- $annotations = set $annotations "runbook_url" (printf "%s/%s" (trimSuffix "/" .) $path) -}}
{{- end -}}
{{- with $annotations.dashboard_url -}}
{{- $annotations = set $annotations "dashboard_url" (printf "%s%s" (trimSuffix "/" $given.grafanaUrl) (trimPrefix "http://localhost:3000" .)) -}}
{{- end -}}
{{- $annotations = mustMergeOverwrite $annotations $given.additionalRuleAnnotations (default dict $override.annotations) -}}
{{- $rule = mustMergeOverwrite $rule (omit $params "window") (omit $override "labels" "annotations") -}}
{{- $rule = set $rule "labels" $labels -}}
{{- $rule = set $rule "annotations" $annotations -}}
{{- toJson $rule -}}
{{- end -}}
