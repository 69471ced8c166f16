{{/* What no schema can see: a line for each value that contradicts another, with its path and the remedy. */}}

{{- define "sdlc-exporter.faults" -}}
{{- include "sdlc-exporter.nameFaults" . -}}
{{- include "sdlc-exporter.configFaults" . -}}
{{- include "sdlc-exporter.credentialFaults" . -}}
{{- include "sdlc-exporter.stateFaults" . -}}
{{- include "sdlc-exporter.webFaults" . -}}
{{- include "sdlc-exporter.serviceFaults" . -}}
{{- include "sdlc-exporter.scrapeFaults" . -}}
{{- include "sdlc-exporter.ruleFaults" . -}}
{{- include "sdlc-exporter.dashboardFaults" . -}}
{{- end -}}

{{- define "sdlc-exporter.nameFaults" -}}
{{- $name := include "sdlc-exporter.fullname" . -}}
{{- if not (regexMatch "^[a-z]" $name) }}
fullnameOverride: {{ $name }} begins with a digit, and no Service may; set a name that begins with a letter
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.configFaults" -}}
{{- $config := .Values.config -}}
{{- if .Values.existingConfigMap -}}
{{- range $key := list "config" "teams" -}}
{{- if get $.Values $key }}
{{ $key }}: has no effect beside existingConfigMap; remove one of the two
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $config.teams .Values.teams }}
config.teams: has no effect beside teams; remove one of the two
{{- end -}}
{{- with (default dict $config.server).listen -}}
{{- if ne (toString . | splitList ":" | last) (toString $.Values.containerPort) }}
config.server.listen: {{ . }} is not the port {{ $.Values.containerPort }} of containerPort; change that instead
{{- else if not (has (toString . | trimSuffix (printf ":%v" $.Values.containerPort)) (list "" "0.0.0.0" "[::]")) }}
config.server.listen: {{ . }} is not reachable from outside the pod; write ":{{ $.Values.containerPort }}"
{{- end -}}
{{- end -}}
{{- if hasKey (default dict $config.server) "web_config_file" }}
config.server.web_config_file: the probes would not know of it; set webConfig.existingSecret
{{- end -}}
{{- range $key := list "path" "clones" -}}
{{- with get (default dict $config.store) $key -}}
{{- $path := printf "%s/" (trimSuffix "/" .) -}}
{{- $mounted := hasPrefix (printf "%s/" (include "sdlc-exporter.stateFolder" $)) $path -}}
{{- range $.Values.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $path }}{{ $mounted = true }}{{ end -}}
{{- end -}}
{{- if not $mounted }}
config.store.{{ $key }}: {{ . }} is on no volume; leave it out, or mount one with extraVolumeMounts
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.credentialFaults" -}}
{{- $names := list -}}
{{- range $index, $source := .Values.config.sources -}}
{{- $place := printf "config.sources[%d]" $index -}}
{{- $names = append $names $source.name -}}
{{- $mounted := printf "%s/%s/token" (include "sdlc-exporter.credentialsFolder" $) $source.name -}}
{{- $written := list -}}
{{- range list "token_file" "token_env" "app" -}}
{{- if and (get $source .) (ne (get $source . | toString) $mounted) }}{{ $written = append $written . }}{{ end -}}
{{- end -}}
{{- $credential := get $.Values.credentials $source.name | default dict -}}
{{- $given := or $credential.existingSecret $credential.token $credential.app -}}
{{- if eq "demo" (default "github" $source.provider) -}}
{{- if $credential }}
credentials.{{ $source.name }}: means nothing to a demo source; remove it
{{- end -}}
{{- else if and (eq "git" (default "github" $source.provider)) $credential.app }}
credentials.{{ $source.name }}.app: a git source has no app; name a Secret with a token instead
{{- else if and $given $written }}
{{ $place }}.{{ first $written }}: is a second credential beside credentials.{{ $source.name }}; remove one of the two
{{- else if not (or $given $written (has (default "github" $source.provider) (list "git" "notes"))) }}
{{ $place }}: {{ $source.name }} has no credential; set credentials.{{ $source.name }}.existingSecret
{{- end -}}
{{- if and $source.ca_file $credential.caConfigMap }}
{{ $place }}.ca_file: has no effect beside credentials.{{ $source.name }}.caConfigMap; remove one of the two
{{- end -}}
{{- end -}}
{{- range $name, $credential := .Values.credentials -}}
{{- $place := printf "credentials.%s" $name -}}
{{- $app := default dict $credential.app -}}
{{- if not (or $.Values.existingConfigMap (has $name $names)) }}
{{ $place }}: there is no source of that name in config.sources; add it, or mend the name
{{- end -}}
{{- if and $credential.token $app }}
{{ $place }}.token: is a second credential beside app; remove one of the two
{{- end -}}
{{- if and $credential.existingSecret $credential.token }}
{{ $place }}.token: has no effect beside existingSecret; remove one of the two
{{- end -}}
{{- if and $credential.existingSecret $app.privateKey }}
{{ $place }}.app.privateKey: has no effect beside existingSecret; remove one of the two
{{- end -}}
{{- if and $app (not (or $credential.existingSecret $app.privateKey)) }}
{{ $place }}.app: has no key; set {{ $place }}.existingSecret
{{- end -}}
{{- if not (or $credential.existingSecret $credential.token $app $credential.caConfigMap) }}
{{ $place }}: is empty; set {{ $place }}.existingSecret
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.stateFaults" -}}
{{- $kept := .Values.persistence -}}
{{- range $kept.accessModes -}}
{{- if not (has . (list "ReadWriteOnce" "ReadWriteOncePod")) }}
persistence.accessModes: {{ . }} is refused, since SQLite needs one host that writes; write ReadWriteOncePod or ReadWriteOnce
{{- end -}}
{{- end -}}
{{- if and $kept.existingClaim (not $kept.enabled) }}
persistence.existingClaim: has no effect while persistence.enabled is false; change one of the two
{{- end -}}
{{- if not $kept.enabled -}}
{{- range $index, $source := .Values.config.sources -}}
{{- $dated := regexMatch "^[0-9]{4}-[0-9]{2}-[0-9]{2}" (toString (default "" $source.history)) -}}
{{- if not (or $dated (has (default "github" $source.provider) (list "demo" "git")) (and $source.of (ne "notes" $source.provider))) }}
config.sources[{{ $index }}].history: has to be a date while persistence.enabled is false, or counters would fall at each start; write one such as "2026-01-01", or set persistence.enabled
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.webFaults" -}}
{{- $web := .Values.webConfig -}}
{{- if and $web.tls.enabled (not (or $web.existingSecret $web.tls.existingSecret)) }}
webConfig.tls.enabled: there is no certificate; set webConfig.tls.existingSecret
{{- end -}}
{{- range $key := list "existingSecret" "clientAuth" -}}
{{- if and (get $web.tls $key) (not $web.tls.enabled) }}
webConfig.tls.{{ $key }}: has no effect while webConfig.tls.enabled is false; set that
{{- end -}}
{{- end -}}
{{- if and $web.tls.clientAuth (not $web.existingSecret) }}
webConfig.tls.clientAuth: nothing tells the exporter so; set webConfig.existingSecret
{{- end -}}
{{- if and $web.basicAuth.enabled (not $web.existingSecret) }}
webConfig.basicAuth.enabled: there are no users; set webConfig.existingSecret
{{- end -}}
{{- if and $web.basicAuth.existingSecret (not $web.basicAuth.enabled) }}
webConfig.basicAuth.existingSecret: has no effect while webConfig.basicAuth.enabled is false; set that
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.serviceFaults" -}}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
service.nodePort: a service of type ClusterIP has none; set service.type
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.scrapeFaults" -}}
{{- $ways := list -}}
{{- range $key := list "serviceMonitor" "podMonitor" "prometheusAnnotations" -}}
{{- if (get $.Values $key).enabled }}{{ $ways = append $ways $key }}{{ end -}}
{{- end -}}
{{- if gt (len $ways) 1 }}
{{ last $ways }}.enabled: every sample would be scraped twice, since {{ first $ways }} is on too; switch one of them off
{{- end -}}
{{- range $key := list "serviceMonitor" "podMonitor" -}}
{{- $monitor := get $.Values $key -}}
{{- if $monitor.enabled -}}
{{- include "sdlc-exporter.monitorFaults" (dict "root" $ "key" $key "monitor" $monitor) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.monitorFaults" -}}
{{- $key := .key -}}
{{- $monitor := .monitor -}}
{{- $web := .root.Values.webConfig -}}
{{- if and $monitor.interval $monitor.scrapeTimeout -}}
{{- if gt (include "sdlc-exporter.milliseconds" $monitor.scrapeTimeout | int64) (include "sdlc-exporter.milliseconds" $monitor.interval | int64) }}
{{ $key }}.scrapeTimeout: {{ $monitor.scrapeTimeout }} is longer than the interval, {{ $monitor.interval }}, and the operator would skip the target; shorten it
{{- end -}}
{{- end -}}
{{- if and $monitor.basicAuth $monitor.authorization }}
{{ $key }}.authorization: Prometheus takes only one of this and basicAuth; remove one of the two
{{- end -}}
{{- $elsewhere := not (has (default "" $monitor.namespace) (list "" (include "sdlc-exporter.namespace" .root))) -}}
{{- if and $web.tls.enabled (not $monitor.tlsConfig) -}}
{{- if or $elsewhere $web.tls.clientAuth (not $web.tls.existingSecret) }}
{{ $key }}.tlsConfig: Prometheus cannot know how to verify the exporter, or whom to be; set it
{{- end -}}
{{- end -}}
{{- if and $web.basicAuth.enabled (not (or $monitor.basicAuth $monitor.authorization)) -}}
{{- if or $elsewhere (not $web.basicAuth.existingSecret) }}
{{ $key }}.basicAuth: Prometheus would be refused; set it, or webConfig.basicAuth.existingSecret in the monitor's namespace
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A duration of Prometheus, such as 1m30s, in milliseconds. */}}
{{- define "sdlc-exporter.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 "w" 604800000 "y" 31536000000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|[smhdwy])" . -1 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{- define "sdlc-exporter.ruleFaults" -}}
{{- $given := .Values.prometheusRule -}}
{{- $rules := dict -}}
{{- range $path, $_ := .Files.Glob "files/alerts/*.yaml" -}}
{{- range ($.Files.Get $path | fromYaml).groups -}}
{{- range .rules -}}
{{- if .alert -}}
{{- $rules = set $rules .alert . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $given.enabled (not $rules) }}
prometheusRule.enabled: the chart has no rules in files/alerts; it is not whole
{{- end -}}
{{- range $key := list "disabled" "params" "overrides" -}}
{{- range $alert, $_ := get $given $key -}}
{{- if not (hasKey $rules $alert) }}
prometheusRule.{{ $key }}.{{ $alert }}: there is no such alert; there are {{ keys $rules | sortAlpha | join ", " }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $alert, $params := $given.params -}}
{{- $rule := get $rules $alert -}}
{{- $override := get $given.overrides $alert | default dict -}}
{{- if and $rule (not $override.expr) -}}
{{- $marker := include "sdlc-exporter.windowMarker" $ -}}
{{- $own := regexFind $marker $rule.expr -}}
{{- $window := $params.window | default (regexFind "[0-9a-z]+" $own) -}}
{{- $wait := coalesce (get $override "for") (get $params "for") (get $rule "for") -}}
{{- if and $params.window (not $own) }}
prometheusRule.params.{{ $alert }}.window: this alert has no window to change; replace prometheusRule.overrides.{{ $alert }}.expr
{{- else if and $params.window (lt (include "sdlc-exporter.milliseconds" $window | int64) 300000) }}
prometheusRule.params.{{ $alert }}.window: Prometheus may not scrape twice within {{ $window }}; write 5m or more
{{- else if and (contains "longer than for" $own) (le (include "sdlc-exporter.milliseconds" $window | int64) (include "sdlc-exporter.milliseconds" $wait | int64)) }}
prometheusRule.params.{{ $alert }}: its window {{ $window }} is over before its for {{ $wait }} is, and it would never fire
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sdlc-exporter.dashboardFaults" -}}
{{- $given := .Values.dashboards -}}
{{- if and $given.enabled (not (.Files.Glob "files/dashboards/*.json")) }}
dashboards.enabled: the chart has no dashboards in files/dashboards; it is not whole
{{- end -}}
{{- if and $given.grafanaOperator.enabled (not $given.enabled) }}
dashboards.grafanaOperator.enabled: needs the ConfigMaps; set dashboards.enabled
{{- end -}}
{{- if and $given.grafanaOperator.enabled (not $given.grafanaOperator.instanceSelector) }}
dashboards.grafanaOperator.instanceSelector: no Grafana would show them; write a label selector such as matchLabels
{{- end -}}
{{- end -}}
