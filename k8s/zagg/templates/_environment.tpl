{{/* What the programs find in their environment: settings (no secrets; in a ConfigMap) and references to Secrets. */}}

{{/* Settings that all programs share: lines of a ConfigMap's data. */}}
{{- define "zagg.settings" -}}
AWS_REGION: {{ .Values.aws.region | quote }}
{{- with .Values.store.endpoint }}
AWS_ENDPOINT_URL_S3: {{ . | quote }}
{{- end }}
{{- if or .Values.store.allowHttp .Values.source.allowHttp }}
AWS_ALLOW_HTTP: "true"
{{- end }}
{{- if eq .Values.queue.kind "sqs" }}
{{- with .Values.queue.endpoint }}
AWS_ENDPOINT_URL_SQS: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Settings for reading granules, which workers alone do. */}}
{{- define "zagg.settings.granules" -}}
{{- with .Values.source.region }}
ZAGG_SOURCE_AWS_REGION: {{ . | quote }}
{{- end }}
{{- with .Values.source.endpoint }}
ZAGG_SOURCE_AWS_ENDPOINT_URL_S3: {{ . | quote }}
{{- end }}
{{- with .Values.earthdata.url }}
ZAGG_EARTHDATA_URL: {{ . | quote }}
{{- end }}
{{- with .Values.earthdata.provider }}
ZAGG_EARTHDATA_PROVIDER: {{ . | quote }}
{{- end }}
{{- if .Values.earthdata.netrc }}
NETRC: /etc/zagg/login/netrc
{{- end }}
{{- end }}

{{/* The settings of a class. */}}
{{- define "zagg.class.settings" -}}
{{- $class := .class }}
{{- include "zagg.settings" .root }}
{{- with include "zagg.settings.granules" .root | trim }}
{{ . }}
{{- end }}
ZAGG_LISTEN: {{ printf "%s:%d" .root.Values.metrics.address (int .root.Values.metrics.port) | quote }}
ZAGG_SLOTS: {{ int $class.slots | quote }}
ZAGG_GRACE: {{ int $class.grace | quote }}
ZAGG_BROKER_PATIENCE: {{ int $class.brokerPatience | quote }}
ZAGG_WAIT: {{ $class.wait | toString | quote }}
ZAGG_TERM: {{ $class.term | toString | quote }}
ZAGG_MAX_ATTEMPTS: {{ int $class.maxAttempts | quote }}
ZAGG_RETRY_WAIT: {{ $class.retryWait | toString | quote }}
ZAGG_LOG: {{ $class.log.format | quote }}
ZAGG_QUIET: {{ eq $class.log.level "quiet" | quote }}
{{- /* A worker that ended after a notice would be started anew on the node that goes: so it stays, idle. */}}
{{- range list "ZAGG_SPOT" "ZAGG_STAY" }}
{{ . }}: {{ eq (include "zagg.spot.ec2" $class) "true" | quote }}
{{- end }}
{{- range $name, $value := dict "ZAGG_MEMORY_MB" $class.memoryMb "ZAGG_CACHE_MB" $class.cacheMb "ZAGG_GRANULES_IN_FLIGHT" $class.granulesInFlight "ZAGG_REQUESTS_IN_FLIGHT" $class.requestsInFlight }}
{{- if not (kindIs "invalid" $value) }}
{{ $name }}: {{ int $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Keys of a pair in a Secret: dict prefix, from (secret, accessKeyId, secretAccessKey, sessionToken). */}}
{{- define "zagg.keys" -}}
- name: {{ .prefix }}AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ .from.secret | quote }}, key: {{ .from.accessKeyId | default "AWS_ACCESS_KEY_ID" | quote }}}}
- name: {{ .prefix }}AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ .from.secret | quote }}, key: {{ .from.secretAccessKey | default "AWS_SECRET_ACCESS_KEY" | quote }}}}
{{- with .from.sessionToken }}
- name: {{ $.prefix }}AWS_SESSION_TOKEN
  valueFrom: {secretKeyRef: {name: {{ $.from.secret | quote }}, key: {{ . | quote }}}}
{{- end }}
{{- end }}

{{/* References to Secrets that all programs share. */}}
{{- define "zagg.secrets" -}}
{{- include "zagg.queue.secrets" . }}
{{- with .Values.aws.credentials }}
{{ include "zagg.keys" (dict "prefix" "" "from" .) }}
{{- end }}
{{- end }}

{{/* References to Secrets for reading granules. */}}
{{- define "zagg.secrets.granules" -}}
{{- with .Values.source.credentials }}
{{ include "zagg.keys" (dict "prefix" "ZAGG_SOURCE_" "from" .) }}
{{- end }}
{{- with .Values.source.httpsToken }}
- name: ZAGG_HTTPS_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}
{{- end }}
{{- with .Values.earthdata.token }}
- name: EARTHDATA_TOKEN
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}}
{{- end }}
{{- with .Values.earthdata.login }}
- name: EARTHDATA_USERNAME
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .userKey | quote }}}}
- name: EARTHDATA_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .secret | quote }}, key: {{ .passwordKey | quote }}}}
{{- end }}
{{- end }}

{{/* Volumes: those of all pods, and the login that workers have in a file. */}}
{{- define "zagg.volumes" -}}
{{- with .Values.volumes }}{{ toYaml . }}{{ end }}
{{- end }}

{{- define "zagg.volumeMounts" -}}
{{- with .Values.volumeMounts }}{{ toYaml . }}{{ end }}
{{- end }}

{{- define "zagg.login.volume" -}}
{{- with .Values.earthdata.netrc }}
- name: login
  secret: {secretName: {{ .secret | quote }}, defaultMode: 0400, items: [{key: {{ .key | quote }}, path: netrc}]}
{{- end }}
{{- end }}

{{- define "zagg.login.mount" -}}
{{- if .Values.earthdata.netrc }}
- {name: login, mountPath: /etc/zagg/login, readOnly: true}
{{- end }}
{{- end }}
