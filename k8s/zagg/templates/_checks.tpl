{{/* What the schema cannot see of the release as a whole. Of queues, classes, KEDA and runs it is checked beside them. */}}
{{- define "zagg.check" -}}
{{- $values := .Values }}{{ $name := include "zagg.fullname" . }}
{{- if not (or $values.workers.enabled $values.run.enabled) }}
{{- fail "workers.enabled: there would be neither workers nor a run; enable them, or give a run with run.enabled" }}
{{- end }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- fail (printf "fullnameOverride: objects of the release %q would be called %s, and a Service's name begins with a letter and has no dots; name them here, or the release otherwise" .Release.Name $name) }}
{{- end }}
{{- include "zagg.labels.check" (dict "value" "commonLabels" "labels" $values.commonLabels) }}
{{- $volumes := list }}
{{- range $values.volumes }}{{ $volumes = append $volumes .name }}{{ end }}
{{- range $values.volumeMounts }}
{{- if not (has .name $volumes) }}
{{- fail (printf "volumeMounts: there is no volume %q; `volumes` has %s" (.name | default "") ($volumes | join ", " | default "none")) }}
{{- end }}
{{- end }}
{{- $monitor := $values.metrics.serviceMonitor }}
{{- if gt (include "zagg.milliseconds" $monitor.scrapeTimeout | int64) (include "zagg.milliseconds" $monitor.interval | int64) }}
{{- fail (printf "metrics.serviceMonitor.scrapeTimeout: %s is longer than the interval, which is %s" $monitor.scrapeTimeout $monitor.interval) }}
{{- end }}
{{- $_ := include "zagg.classes" . }}
{{- end }}

{{/* Labels that the chart sets by itself cannot be set twice: dict value (their name), labels. */}}
{{- define "zagg.labels.check" -}}
{{- range $label, $_ := .labels }}
{{- if regexMatch "^(app[.]kubernetes[.]io/(name|instance|component|version|managed-by|part-of)|helm[.]sh/chart|zagg-rs[.]github[.]io/(class|run))$" $label }}
{{- fail (printf "%s: the chart sets %s by itself; take another label" $.value $label) }}
{{- end }}
{{- end }}
{{- end }}

{{/* No request is above its limit: dict value (the resources' name), resources. */}}
{{- define "zagg.resources.check" -}}
{{- $limits := .resources.limits | default dict }}
{{- range $what, $request := .resources.requests }}
{{- $limit := get $limits $what }}
{{- if and (hasKey $limits $what) (gt (include "zagg.quantity" $request | float64) (include "zagg.quantity" $limit | float64)) }}
{{- fail (printf "%s.requests.%s: %v is more than the limit, which is %v" $.value $what $request $limit) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A quantity as a number. */}}
{{- define "zagg.quantity" -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" (toString .) }}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 }}
{{- mulf (float64 $number) (get $units (toString . | trimPrefix $number)) }}
{{- end }}

{{/* A duration such as 15s. */}}
{{- define "zagg.milliseconds" -}}
{{- $number := regexFind "^[0-9]+" . }}
{{- mul (int64 $number) (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (trimPrefix $number .)) }}
{{- end }}
