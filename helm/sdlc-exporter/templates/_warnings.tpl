{{/* What is allowed and probably not meant, as paragraphs of the notes. */}}

{{- define "sdlc-exporter.warnings" -}}
{{- if include "sdlc-exporter.demo" . }}

WARNING: these are the numbers of a pretend organisation, since config.sources is empty. For yours:

  kubectl --namespace {{ include "sdlc-exporter.namespace" . }} create secret generic github-token --from-file=token=FILE

and then these values, with your organisation in place of acme:

  config: {sources: [{name: acme, organisations: [acme]}]}
  credentials: {acme: {existingSecret: github-token}}
{{- end }}
{{- if and .Values.existingConfigMap .Values.credentials }}

WARNING: the chart does not read {{ .Values.existingConfigMap }}: the files of credentials are under
{{ include "sdlc-exporter.credentialsFolder" . }}/SOURCE/, and token_file or app.key_file in it has to say so.
{{- end }}
{{- if not .Values.persistence.enabled }}

WARNING: persistence is off. Each new pod loads the whole history again, and shows no number until it has.
{{- if .Values.existingConfigMap }} Every
source in {{ .Values.existingConfigMap }} needs a date in its history, or counters fall at each start.
{{- end }}
{{- end }}
{{- range $name, $credential := .Values.credentials }}
{{- if or $credential.token ($credential.app).privateKey }}

WARNING: the credential of {{ $name }} is kept in the release's values. Put it into a Secret of your own and name that in
credentials.{{ $name }}.existingSecret.
{{- end }}
{{- end }}
{{- if and .Values.webConfig.existingSecret (not (or .Values.webConfig.tls.enabled .Values.webConfig.basicAuth.enabled)) }}

WARNING: {{ .Values.webConfig.existingSecret }} is mounted, and the chart does not read it. If it asks for TLS or for users,
set webConfig.tls.enabled or webConfig.basicAuth.enabled, or the probes will fail.
{{- end }}
{{- if not (or .Values.serviceMonitor.enabled .Values.podMonitor.enabled .Values.prometheusAnnotations.enabled) }}

NOTE: nothing tells Prometheus to scrape. Set serviceMonitor.enabled (with the Prometheus operator) or
prometheusAnnotations.enabled.
{{- end }}
{{- range $key := list "serviceMonitor" "podMonitor" "prometheusRule" }}
{{- $given := get $.Values $key }}
{{- $labels := merge (dict) $given.additionalLabels $given.labels $.Values.commonLabels }}
{{- if and $given.enabled (not (hasKey $labels "release")) }}

NOTE: {{ $key }} has no label "release". kube-prometheus-stack passes over it unless it is told otherwise: set
{{ $key }}.additionalLabels.release to the name of its release.
{{- end }}
{{- end }}
{{- if not .Values.prometheusRule.enabled }}

NOTE: the alerts are off. Set prometheusRule.enabled (with the Prometheus operator).
{{- else if .Values.prometheusRule.recordingOnly }}

NOTE: the alerts are left out by prometheusRule.recordingOnly.
{{- else if not .Values.prometheusRule.grafanaUrl }}

NOTE: alerts link to dashboards by path only. Set prometheusRule.grafanaUrl, such as https://grafana.example.com.
{{- end }}
{{- if not .Values.dashboards.enabled }}

NOTE: the dashboards are off. Set dashboards.enabled.
{{- end }}
{{- end -}}
