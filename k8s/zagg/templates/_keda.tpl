{{/* KEDA: what it looks at, and who looks. */}}

{{/* The Secret's keys with which RabbitMQ or Redis is asked, as JSON; nothing where nobody logs in. */}}
{{- define "zagg.keda.auth" -}}
{{- with (.Values.keda.auth | default .Values.queue.auth) }}{{ toJson . }}{{ end }}
{{- end }}

{{/* Whether the chart makes a TriggerAuthentication. */}}
{{- define "zagg.keda.makesAuth" -}}
{{- if not .Values.keda.authenticationRef }}
{{- if or (eq .Values.queue.kind "sqs") (include "zagg.keda.auth" .) }}true{{ end }}
{{- end }}
{{- end }}

{{- define "zagg.keda.ref" -}}
{{- if .Values.keda.authenticationRef }}
authenticationRef:
  name: {{ .Values.keda.authenticationRef.name | quote }}
  {{- with .Values.keda.authenticationRef.kind }}
  kind: {{ . }}
  {{- end }}
{{- else if include "zagg.keda.makesAuth" . }}
authenticationRef:
  name: {{ include "zagg.fullname" . }}-queue-reader
{{- end }}
{{- end }}

{{/* What the schema cannot see: dict root, name, class. */}}
{{- define "zagg.keda.check" -}}
{{- $values := .root.Values }}{{ $mode := printf "classes.%s.autoscaling.mode is keda" .name }}
{{- if ne $values.queue.kind "sqs" }}
{{- if not $values.queue.host }}
{{- fail (printf "queue.host: %s, and KEDA cannot take the host out of queue.urlFrom; name it" $mode) }}
{{- end }}
{{- if and $values.queue.urlFrom (not $values.keda.auth) (not $values.keda.authenticationRef) }}
{{- fail (printf "keda.auth: %s, and KEDA cannot take user and password out of queue.urlFrom; give keda.auth or keda.authenticationRef" $mode) }}
{{- end }}
{{- end }}
{{- if eq $values.queue.kind "rabbitmq" }}
{{- if not $values.keda.managementUrl }}
{{- fail (printf "keda.managementUrl: %s; jobs on loan are counted by RabbitMQ's management API only: give its URL, such as http://%s:15672" $mode $values.queue.host) }}
{{- end }}
{{- $auth := include "zagg.keda.auth" .root | fromJson }}
{{- if not (or $auth.userKey $values.keda.authenticationRef) }}
{{- fail (printf "keda.auth: %s; RabbitMQ's management API wants a user: give keda.auth or queue.auth with userKey, or keda.authenticationRef" $mode) }}
{{- end }}
{{- end }}
{{- if and (eq $values.queue.kind "sqs") $values.keda.podIdentity.roleArn (eq $values.keda.podIdentity.identityOwner "keda") }}
{{- fail "keda.podIdentity.roleArn: with identityOwner: keda the operator's own role is used; leave one of them out" }}
{{- end }}
{{- if and (eq $values.queue.kind "sqs") (not $values.aws.credentials) (not $values.keda.authenticationRef) }}
{{- $workers := and (eq $values.keda.podIdentity.identityOwner "workload") (not $values.keda.podIdentity.roleArn) }}
{{- if and $workers $values.serviceAccount.create (not (hasKey $values.serviceAccount.annotations "eks.amazonaws.com/role-arn")) }}
{{- fail (printf "keda.podIdentity: %s, and KEDA learns the workers' role from their account's annotation eks.amazonaws.com/role-arn, which serviceAccount.annotations lacks; annotate it, or give keda.podIdentity.roleArn, or identityOwner: keda" $mode) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The triggers of a class: dict root, class. Jobs on loan count: their pods are busy. */}}
{{- define "zagg.keda.triggers" -}}
{{- $queue := .root.Values.queue }}{{ $name := .class.queueName }}
{{- $jobs := .class.autoscaling.jobsPerPod | default .class.slots | int | toString }}
{{- if eq $queue.kind "sqs" }}
- type: aws-sqs-queue
  metadata:
    queueURL: {{ ternary (include "zagg.queue.url" (dict "root" .root "name" $name)) $name (ne $queue.account "") | quote }}
    queueLength: {{ $jobs | quote }}
    awsRegion: {{ include "zagg.queue.region" .root | quote }}
    {{- with $queue.endpoint }}
    awsEndpoint: {{ . | quote }}
    {{- end }}
    scaleOnInFlight: "true"
  {{- with include "zagg.keda.ref" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- else if eq $queue.kind "rabbitmq" }}
- type: rabbitmq
  metadata:
    protocol: http
    host: {{ .root.Values.keda.managementUrl | quote }}
    vhostName: {{ $queue.vhost | quote }}
    queueName: {{ $name | quote }}
    mode: QueueLength
    value: {{ $jobs | quote }}
    excludeUnacknowledged: "false"
  {{- with include "zagg.keda.ref" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- else }}
{{- $by := ternary (list "lagCount" "pendingEntriesCount") (list "streamLength") (eq .root.Values.keda.redisBy "lag") }}
{{- range $by }}
- type: redis-streams
  metadata:
    address: {{ printf "%s:%s" $queue.host (include "zagg.queue.port" $.root) | quote }}
    databaseIndex: {{ int $queue.database | quote }}
    stream: {{ printf "zagg:{%s}:jobs" $name | quote }}
    {{- if ne . "streamLength" }}
    consumerGroup: workers
    {{- end }}
    {{ . }}: {{ $jobs | quote }}
    enableTLS: {{ $queue.tls | quote }}
  {{- with include "zagg.keda.ref" $.root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
