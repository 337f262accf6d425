{{/* The queue: its name for a class, and its address. A password is never in a manifest: `$(NAME)` is expanded by the kubelet. */}}

{{/* dict root, class: the class's own queue, else queue.name for the class `standard` and queue.name-CLASS for others. */}}
{{- define "zagg.queue.name" -}}
{{- $class := get .root.Values.classes .class | default dict }}
{{- if $class.queue }}{{ $class.queue }}
{{- else if eq .class "standard" }}{{ .root.Values.queue.name }}
{{- else }}{{ .root.Values.queue.name }}-{{ .class }}
{{- end }}
{{- end }}

{{/* What the schema cannot see. */}}
{{- define "zagg.queue.check" -}}
{{- $queue := .Values.queue }}
{{- if ne $queue.kind "sqs" }}
{{- if not (or $queue.host $queue.urlFrom) }}
{{- fail (printf "queue.host: say where %s is, or name a Secret with its whole address in queue.urlFrom" $queue.kind) }}
{{- end }}
{{- if and $queue.auth $queue.urlFrom }}
{{- fail "queue.auth: the address in queue.urlFrom holds user and password already; leave one of the two out" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "zagg.queue.region" -}}
{{ .Values.queue.region | default .Values.aws.region }}
{{- end }}

{{- define "zagg.queue.port" -}}
{{- $queue := .Values.queue }}
{{- if $queue.port }}{{ int $queue.port }}
{{- else if eq $queue.kind "rabbitmq" }}{{ ternary 5671 5672 $queue.tls }}
{{- else if eq $queue.kind "redis" }}6379
{{- end }}
{{- end }}

{{/* The address for a program: dict root, name (of the queue). */}}
{{- define "zagg.queue.url" -}}
{{- $queue := .root.Values.queue }}
{{- if eq $queue.kind "sqs" }}
{{- if $queue.account }}https://sqs.{{ include "zagg.queue.region" .root }}.{{ $queue.domain }}/{{ $queue.account }}/{{ .name }}
{{- else }}sqs://{{ .name }}
{{- end }}
{{- else }}
{{- $more := "" }}
{{- if and (eq $queue.kind "rabbitmq") $queue.consumerTimeout }}{{ $more = printf "&consumer_timeout=%d" (int $queue.consumerTimeout) }}{{ end }}
{{- if $queue.urlFrom }}$(QUEUE_URL)
{{- else }}
{{- $scheme := ternary "amqp" "redis" (eq $queue.kind "rabbitmq") }}
{{- $scheme }}{{ if $queue.tls }}s{{ end }}://
{{- with $queue.auth }}
{{- if .userKey }}$(QUEUE_USER){{ end }}:$(QUEUE_PASSWORD)@
{{- end }}
{{- $queue.host }}:{{ include "zagg.queue.port" .root }}/
{{- if eq $queue.kind "redis" }}{{ int $queue.database }}
{{- else if ne $queue.vhost "/" }}{{ $queue.vhost | urlquery }}
{{- end }}
{{- end }}?queue={{ .name }}{{ $more }}
{{- end }}
{{- end }}

{{/* What the address refers to, before it in the list of variables. */}}
{{- define "zagg.queue.secrets" -}}
{{- with .Values.queue.urlFrom }}
- name: QUEUE_URL
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}
{{- else }}
{{- with .Values.queue.auth }}
{{- with .userKey }}
- name: QUEUE_USER
  valueFrom: {secretKeyRef: {name: {{ $.Values.queue.auth.secret | quote }}, key: {{ . | quote }}}}
{{- end }}
- name: QUEUE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .passwordKey | quote }}}}
{{- end }}
{{- end }}
{{- end }}
