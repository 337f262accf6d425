{{/* The ports of web services: 443, and those that the endpoints name; JSON. */}}
{{- define "zagg.ports" -}}
{{- $ports := list 443 }}
{{- $sqs := ternary .Values.queue.endpoint "" (eq .Values.queue.kind "sqs") }}
{{- range list .Values.store.endpoint .Values.source.endpoint .Values.earthdata.url $sqs }}
{{- if . }}
{{- $url := urlParse . }}
{{- $own := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- $ports = append $ports (int (default (ternary "80" "443" (eq $url.scheme "http")) $own)) }}
{{- end }}
{{- end }}
{{- toJson (uniq $ports) }}
{{- end }}
