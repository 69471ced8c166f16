{{/* The exporter's configuration, and where its credentials and certificates are in the pod. */}}

{{- define "sdlc-exporter.stateFolder" -}}/var/lib/sdlc-exporter{{- end -}}
{{- define "sdlc-exporter.credentialsFolder" -}}/var/run/secrets/sdlc-exporter{{- end -}}
{{- define "sdlc-exporter.webFolder" -}}/etc/sdlc-exporter-web{{- end -}}

{{- define "sdlc-exporter.configMapName" -}}
{{- default (printf "%s-config" (include "sdlc-exporter.fullname" .)) .Values.existingConfigMap -}}
{{- end -}}

{{- define "sdlc-exporter.credentialsName" -}}
{{- include "sdlc-exporter.fullname" . }}-credentials
{{- end -}}

{{/* "true" where the chart writes the configuration and nothing says what to read. */}}
{{- define "sdlc-exporter.demo" -}}
{{- if not (or .Values.existingConfigMap .Values.config.sources) }}true{{ end -}}
{{- end -}}

{{/* "true" where a file for the exporter's web server is mounted. */}}
{{- define "sdlc-exporter.web" -}}
{{- if or .Values.webConfig.existingSecret .Values.webConfig.tls.enabled }}true{{ end -}}
{{- end -}}

{{/* The parts that the exporter takes over at a start only. */}}
{{- define "sdlc-exporter.fixedConfig" -}}
{{- $store := dict "path" (printf "%s/%s.db" (include "sdlc-exporter.stateFolder" .) (empty (include "sdlc-exporter.demo" .) | ternary "state" "demo")) -}}
{{- $server := dict "listen" (printf ":%d" (int .Values.containerPort)) -}}
{{- if include "sdlc-exporter.web" . -}}
{{- $file := ternary .Values.webConfig.key "web-config.yaml" (ne "" .Values.webConfig.existingSecret) -}}
{{- $server = set $server "web_config_file" (printf "%s/%s" (include "sdlc-exporter.webFolder" .) $file) -}}
{{- end -}}
server:
  {{- toYaml (mustMergeOverwrite $server (deepCopy (default dict .Values.config.server))) | nindent 2 }}
store:
  {{- toYaml (mustMergeOverwrite $store (deepCopy (default dict .Values.config.store))) | nindent 2 }}
{{- end -}}

{{/* The web server's file where TLS is all that is asked for. */}}
{{- define "sdlc-exporter.webConfig" -}}
tls_server_config:
  cert_file: tls.crt
  key_file: tls.key
{{- end -}}

{{- define "sdlc-exporter.ownWebConfig" -}}
{{- if and .Values.webConfig.tls.enabled (not .Values.webConfig.existingSecret) }}true{{ end -}}
{{- end -}}

{{- define "sdlc-exporter.config" -}}
{{- $folder := include "sdlc-exporter.credentialsFolder" . -}}
{{- $config := mustMergeOverwrite (deepCopy .Values.config) (include "sdlc-exporter.fixedConfig" . | fromYaml) -}}
{{- if include "sdlc-exporter.demo" . -}}
{{- $config = set $config "sources" (list (dict "name" "demo" "provider" "demo" "interval" "30s")) -}}
{{- if not (or .Values.teams $config.teams) -}}
{{- $config = set $config "teams" (dict "data" (list "acme/data-*") "pay" (list "acme/pay-*") "platform" (list "acme/platform-*") "web" (list "acme/web-*")) -}}
{{- end -}}
{{- end -}}
{{- range $source := $config.sources -}}
{{- $credential := get $.Values.credentials $source.name -}}
{{- with $credential -}}
{{- if .app -}}
{{- $app := dict "id" .app.id "key_file" (printf "%s/%s/private-key.pem" $folder $source.name) -}}
{{- with .app.installationId }}{{ $app = set $app "installation_id" . }}{{ end -}}
{{- $_ := set $source "app" $app -}}
{{- else if or .existingSecret .token -}}
{{- $_ := set $source "token_file" (printf "%s/%s/token" $folder $source.name) -}}
{{- end -}}
{{- if .caConfigMap }}{{ $_ := set $source "ca_file" (printf "%s/%s/ca.crt" $folder $source.name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{ toYaml $config }}
{{- if .Values.teams }}
teams:
{{- range .Values.teams }}
  {{ .name | quote }}: {{ toJson .repositories }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Everything under the credentials' folder, as sources of one projected volume. */}}
{{- define "sdlc-exporter.credentialSources" -}}
{{- $sources := list -}}
{{- $own := list -}}
{{- range $name, $credential := .Values.credentials -}}
{{- $app := $credential.app -}}
{{- $path := printf "%s/%s" $name (ternary "private-key.pem" "token" (not (empty $app))) -}}
{{- if $credential.existingSecret -}}
{{- $key := ternary (default "private-key.pem" ($app).privateKeyKey) (default "token" $credential.tokenKey) (not (empty $app)) -}}
{{- $sources = append $sources (dict "secret" (dict "name" $credential.existingSecret "items" (list (dict "key" $key "path" $path)))) -}}
{{- else if or $credential.token ($app).privateKey -}}
{{- $own = append $own (dict "key" (replace "/" "." $path) "path" $path) -}}
{{- end -}}
{{- with $credential.caConfigMap -}}
{{- $item := dict "key" (default "ca.crt" $credential.caKey) "path" (printf "%s/ca.crt" $name) -}}
{{- $sources = append $sources (dict "configMap" (dict "name" . "items" (list $item))) -}}
{{- end -}}
{{- end -}}
{{- with $own -}}
{{- $sources = append $sources (dict "secret" (dict "name" (include "sdlc-exporter.credentialsName" $) "items" .)) -}}
{{- end -}}
{{- with $sources }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* Likewise of the web server's folder. */}}
{{- define "sdlc-exporter.webSources" -}}
{{- $web := .Values.webConfig -}}
{{- $sources := list -}}
{{- with $web.existingSecret }}{{ $sources = append $sources (dict "secret" (dict "name" .)) }}{{ end -}}
{{- with $web.tls.existingSecret }}{{ $sources = append $sources (dict "secret" (dict "name" .)) }}{{ end -}}
{{- if include "sdlc-exporter.ownWebConfig" . -}}
{{- $item := dict "key" "web-config.yaml" "path" "web-config.yaml" -}}
{{- $sources = append $sources (dict "configMap" (dict "name" (printf "%s-web" (include "sdlc-exporter.fullname" .)) "items" (list $item))) -}}
{{- end -}}
{{- with $sources }}{{ toYaml . }}{{ end -}}
{{- end -}}
