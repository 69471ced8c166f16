{{/* Names, labels and the image. */}}

{{- define "sdlc-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters: Kubernetes adds a hash of eleven to a StatefulSet's name and takes 63. */}}
{{- define "sdlc-exporter.fullname" -}}
{{- $name := include "sdlc-exporter.name" . -}}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $both .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "sdlc-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "sdlc-exporter.serviceAccountName" -}}
{{- default (ternary (include "sdlc-exporter.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* How the pod is found. Cannot change later, so nothing that moves with a version belongs here. The component keeps
     the pod of `helm test` out of the services. */}}
{{- define "sdlc-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sdlc-exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: exporter
{{- end -}}

{{/* Metadata of an object. Takes `root`, and optionally `suffix` of the name, `namespace`, `component`, and lists of
     `labels` and `annotations` of which later ones win. Nobody overrides what objects are found by. */}}
{{- define "sdlc-exporter.metadata" -}}
{{- $root := .root -}}
{{- $labels := dict -}}
{{- range prepend (default list .labels) $root.Values.commonLabels -}}
{{- $labels = mustMergeOverwrite $labels (default dict .) -}}
{{- end -}}
{{- $labels = mustMergeOverwrite $labels (include "sdlc-exporter.selectorLabels" $root | fromYaml) (dict
      "app.kubernetes.io/component" (default "exporter" .component)
      "app.kubernetes.io/managed-by" $root.Release.Service
      "app.kubernetes.io/version" $root.Chart.AppVersion
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
    ) -}}
{{- $annotations := dict -}}
{{- range prepend (default list .annotations) $root.Values.commonAnnotations -}}
{{- $annotations = mustMergeOverwrite $annotations (default dict .) -}}
{{- end -}}
name: {{ printf "%s%s" (include "sdlc-exporter.fullname" $root) (default "" .suffix) | quote }}
namespace: {{ default (include "sdlc-exporter.namespace" $root) .namespace | quote }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "sdlc-exporter.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry (.Values.global).imageRegistry -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" (default .Chart.AppVersion $image.tag)) (ne "" (default "" $image.digest)) -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}{{ $version }}
{{- end -}}

{{- define "sdlc-exporter.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range concat (default list (.Values.global).imagePullSecrets) (default list .Values.imagePullSecrets) -}}
{{- $secrets = append $secrets (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with uniq $secrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}
