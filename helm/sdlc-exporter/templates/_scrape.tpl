{{/* Who asks the exporter, and how: probes, monitors, annotations and the test. */}}

{{- define "sdlc-exporter.scheme" -}}
{{- ternary "https" "http" .Values.webConfig.tls.enabled -}}
{{- end -}}

{{/* A probe brings neither a user nor a certificate. */}}
{{- define "sdlc-exporter.probeHandler" -}}
{{- $web := .root.Values.webConfig -}}
{{- if or $web.basicAuth.enabled $web.tls.clientAuth -}}
tcpSocket:
  port: metrics
{{- else -}}
httpGet:
  path: {{ .path }}
  port: metrics
  scheme: {{ include "sdlc-exporter.scheme" .root | upper }}
{{- end -}}
{{- end -}}

{{/* An endpoint of a ServiceMonitor or PodMonitor. Takes `root` and `monitor`. */}}
{{- define "sdlc-exporter.endpoint" -}}
{{- $web := .root.Values.webConfig -}}
{{- $monitor := .monitor -}}
port: metrics
path: /metrics
scheme: {{ default (include "sdlc-exporter.scheme" .root) $monitor.scheme }}
{{- range $key := list "interval" "scrapeTimeout" }}
{{- with get $monitor $key }}
{{ $key }}: {{ quote . }}
{{- end }}
{{- end }}
honorLabels: {{ $monitor.honorLabels }}
{{- if $monitor.tlsConfig }}
tlsConfig:
  {{- toYaml $monitor.tlsConfig | nindent 2 }}
{{- else if $web.tls.enabled }}
tlsConfig:
  ca:
    secret:
      name: {{ quote $web.tls.existingSecret }}
      key: ca.crt
  serverName: {{ include "sdlc-exporter.host" .root | quote }}
{{- end }}
{{- if $monitor.basicAuth }}
basicAuth:
  {{- toYaml $monitor.basicAuth | nindent 2 }}
{{- else if and $web.basicAuth.enabled (not $monitor.authorization) }}
basicAuth:
  username:
    name: {{ quote $web.basicAuth.existingSecret }}
    key: {{ quote $web.basicAuth.usernameKey }}
  password:
    name: {{ quote $web.basicAuth.existingSecret }}
    key: {{ quote $web.basicAuth.passwordKey }}
{{- end }}
{{- range $key := list "authorization" "relabelings" "metricRelabelings" }}
{{- with get $monitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What both monitors have above their endpoints. */}}
{{- define "sdlc-exporter.monitorSpec" -}}
{{- $monitor := .monitor -}}
namespaceSelector:
  matchNames:
    - {{ include "sdlc-exporter.namespace" .root | quote }}
{{- with $monitor.jobLabel }}
jobLabel: {{ quote . }}
{{- end }}
{{- range $key := list "targetLabels" "podTargetLabels" }}
{{- with get $monitor $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $monitor.sampleLimit }}
sampleLimit: {{ int64 . }}
{{- end }}
{{- end -}}

{{- define "sdlc-exporter.host" -}}
{{ include "sdlc-exporter.fullname" . }}.{{ include "sdlc-exporter.namespace" . }}.svc
{{- end -}}

{{/* "true" where `helm test` has what it takes to be let in. */}}
{{- define "sdlc-exporter.tested" -}}
{{- $web := .Values.webConfig -}}
{{- if and .Values.tests.enabled (not $web.tls.clientAuth) (or (not $web.basicAuth.enabled) $web.basicAuth.existingSecret) }}true{{ end -}}
{{- end -}}
