{{/* Names and labels. */}}

{{- define "zagg.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The release's name where it says "zagg" already, else RELEASE-zagg. Short enough for what is appended. */}}
{{- define "zagg.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "zagg.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "zagg.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The objects of a class: dict root, class (its name). */}}
{{- define "zagg.classname" -}}
{{ include "zagg.fullname" .root }}-{{ .class }}
{{- end }}

{{/* What selects pods: dict root, component (worker or run), class (optional). */}}
{{- define "zagg.selector" -}}
app.kubernetes.io/name: {{ include "zagg.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .class }}
zagg-rs.github.io/class: {{ . }}
{{- end }}
{{- end }}

{{/* The images' tag as a label's value, which ends and begins with a letter or digit. */}}
{{- define "zagg.version" -}}
{{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-._" | quote }}
{{- end }}

{{/* All labels of an object: dict root, component (optional), class (optional). */}}
{{- define "zagg.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ include "zagg.version" .root }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: zagg
{{- if .component }}
{{ include "zagg.selector" . }}
{{- else }}
app.kubernetes.io/name: {{ include "zagg.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The labels of a pod: dict root, component, class (optional), own (they win over the common ones). Those that stay when
only the chart changes, since new ones replace the pods. */}}
{{- define "zagg.podLabels" -}}
{{- include "zagg.selector" . }}
app.kubernetes.io/version: {{ include "zagg.version" .root }}
app.kubernetes.io/part-of: zagg
{{- with merge (dict) (.own | default dict) .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An image: dict root, repository, digest. */}}
{{- define "zagg.image" -}}
{{- $image := .root.Values.image }}
{{- $place := printf "%s/%s" $image.registry .repository | trimPrefix "/" }}
{{- if .digest }}{{ $place }}@{{ .digest }}
{{- else }}{{ $place }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Whether the workers' account is made here. */}}
{{- define "zagg.serviceAccount.made" -}}
{{- if and .Values.workers.enabled .Values.serviceAccount.create }}true{{ end }}
{{- end }}

{{- define "zagg.serviceAccount" -}}
{{- if include "zagg.serviceAccount.made" . }}
{{- default (include "zagg.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The Job of a run. */}}
{{- define "zagg.run.job" -}}
{{ include "zagg.fullname" . }}-run{{ with .Values.run.name }}-{{ . }}{{ end }}
{{- end }}

{{/* The account of runs: their own, or the workers'. */}}
{{- define "zagg.run.serviceAccount" -}}
{{- $own := .Values.run.serviceAccount }}
{{- if $own.create }}
{{- default (printf "%s-run" (include "zagg.fullname" .)) $own.name }}
{{- else }}
{{- default (include "zagg.serviceAccount" .) $own.name }}
{{- end }}
{{- end }}
