{{/* What the schema cannot see of the release as a whole. Of queues, classes, KEDA and runs it is checked beside them. */}}
{{- define "zagg.check" -}}
{{- $values := .Values }}
{{- if not (or $values.workers.enabled $values.run.enabled) }}
{{- fail "workers.enabled: there would be neither workers nor a run; enable them, or give a run with run.enabled" }}
{{- end }}
{{- $_ := include "zagg.classes" . }}
{{- end }}
