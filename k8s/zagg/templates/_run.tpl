{{/* A run: where its files are, and its containers. */}}

{{- define "zagg.run.pipelines" -}}
{{ include "zagg.fullname" . }}-pipeline-files
{{- end }}

{{/* What the schema cannot see. */}}
{{- define "zagg.run.check" -}}
{{- $run := .Values.run }}{{ $file := $run.pipeline.file }}
{{- if not $run.store }}
{{- fail "run.store: say where the result goes, such as s3://BUCKET/PREFIX" }}
{{- end }}
{{- if not $file }}
{{- fail "run.pipeline.file: name the pipeline: a key of `pipelines` or of run.pipeline.configMap, or an absolute path in `volumes`" }}
{{- end }}
{{- if not (or $run.pipeline.configMap (hasPrefix "/" $file) (hasKey .Values.pipelines $file)) }}
{{- fail (printf "run.pipeline.file: `pipelines` has no %q (it has %s); for a file of a volume give the absolute path" $file (keys .Values.pipelines | sortAlpha | join ", " | default "nothing")) }}
{{- end }}
{{- if and $run.shardMap.configMap $run.shardMap.fetch }}
{{- fail "run.shardMap: it is either in a ConfigMap or fetched; leave configMap or fetch out" }}
{{- end }}
{{- if not (or $run.shardMap.configMap $run.shardMap.fetch (hasPrefix "/" $run.shardMap.file)) }}
{{- fail "run.shardMap: say where it is: configMap (up to 1 MiB), fetch (copied by a container), or as `file` an absolute path in `volumes`" }}
{{- end }}
{{- if and (hasPrefix "/" $run.store) (not .Values.volumes) }}
{{- fail (printf "run.store: %s is a folder, which all pods must share; mount it with volumes and volumeMounts" $run.store) }}
{{- end }}
{{- if and .Values.workers.enabled (not (kindIs "invalid" $run.ttlSecondsAfterFinished)) }}
{{- fail "run.ttlSecondsAfterFinished: once the Job is gone, the next upgrade of its workers would run it again; give the run a release of its own, with workers.enabled: false" }}
{{- end }}
{{- include "zagg.resources.check" (dict "value" "run.resources" "resources" $run.resources) }}
{{- include "zagg.labels.check" (dict "value" "run.podLabels" "labels" $run.podLabels) }}
{{- $account := .Values.serviceAccount }}
{{- if not (or .Values.workers.enabled $run.serviceAccount.create $run.serviceAccount.name $account.name (not $account.create)) }}
{{- fail "serviceAccount.name: the workers' release makes the account, so a run in a release of its own has to know its name; say it in the values of both (or see run.serviceAccount)" }}
{{- end }}
{{- $class := get .Values.classes $run.class | default dict }}
{{- if or (not (hasKey .Values.classes $run.class)) (eq $class.enabled false) }}
{{- fail (printf "run.class: there is no enabled class %q; its jobs would wait for ever" $run.class) }}
{{- end }}
{{- end }}

{{- define "zagg.run.pipeline" -}}
{{- if hasPrefix "/" .Values.run.pipeline.file }}{{ .Values.run.pipeline.file }}
{{- else }}/zagg/pipelines/{{ .Values.run.pipeline.file }}
{{- end }}
{{- end }}

{{- define "zagg.run.shardMap" -}}
{{- $map := .Values.run.shardMap }}
{{- if hasPrefix "/" $map.file }}{{ $map.file }}
{{- else if $map.fetch }}/zagg/input/{{ $map.file }}
{{- else }}/zagg/shardmap/{{ $map.file }}
{{- end }}
{{- end }}

{{/* What a queue is made with: arguments for a class, as JSON. */}}
{{- define "zagg.run.lease" -}}
{{- list (printf "--term=%d" (int .term)) (printf "--max-attempts=%d" (int .maxAttempts)) | toJson }}
{{- end }}

{{/* Containers that make the queues of the other classes, on which workers wait or to which jobs climb. */}}
{{- define "zagg.run.queues" -}}
{{- $root := . }}
{{- $made := list (include "zagg.queue.name" (dict "root" . "class" .Values.run.class)) }}
{{- range $name, $class := include "zagg.classes" . | fromJson }}
{{- if not (has $class.queueName $made) }}
{{- $made = append $made $class.queueName }}
{{- $arguments := concat (list "create-queue") (include "zagg.run.lease" $class | fromJsonArray) }}
{{ include "zagg.run.container" (dict "root" $root "name" (printf "queue-%s" $name) "program" "/zagg" "arguments" $arguments "class" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Arguments of zagg-produce, as JSON: dict root, mind (whether it only stays until the run is over). */}}
{{- define "zagg.run.arguments" -}}
{{- $run := .root.Values.run }}{{ $mind := .mind }}
{{- $class := get (include "zagg.classes" .root | fromJson) $run.class }}
{{- $all := list (printf "--config=%s" (include "zagg.run.pipeline" .root)) (printf "--catalog=%s" (include "zagg.run.shardMap" .root)) (printf "--store=%s" $run.store) "--place=container" }}
{{- with $run.driver }}{{ $all = append $all (printf "--driver=%s" .) }}{{ end }}
{{- if $run.createQueue }}
{{- $all = concat $all (list "--create-queue") (include "zagg.run.lease" $class | fromJsonArray) }}
{{- end }}
{{- if $mind }}
{{- $all = append $all "--resume" }}
{{- else if $run.overwrite }}
{{- /* Clears what is done, so all of it has to be sent again, whatever an earlier try has sent. */}}
{{- $all = append $all "--overwrite" }}
{{- else if $run.resume }}
{{- $all = append $all "--resume" }}
{{- end }}
{{- /* Whoever minds the run tells of refused shards, at its end. */}}
{{- if $mind }}{{ $all = append $all "--wait" }}{{ else if $run.wait }}{{ $all = append $all "--allow-refused" }}{{ end }}
{{- with int $run.maxCells }}{{ $all = append $all (printf "--max-cells=%d" .) }}{{ end }}
{{- range $run.shards }}{{ $all = append $all (printf "--shard=%s" .) }}{{ end }}
{{- if not (kindIs "invalid" $run.maxUsd) }}{{ $all = append $all (printf "--max-usd=%v" $run.maxUsd) }}{{ end }}
{{- toJson (concat $all $run.extraArgs) }}
{{- end }}

{{/* A container of a run: dict root, name, program, arguments, metrics (bool), class (default: the run's). */}}
{{- define "zagg.run.container" -}}
- name: {{ .name }}
  image: {{ include "zagg.image" (dict "root" .root "repository" .root.Values.image.zagg "digest" .root.Values.image.zaggDigest) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [{{ .program }}]
  args:
    {{- toYaml .arguments | nindent 4 }}
  envFrom:
    - configMapRef:
        name: {{ include "zagg.fullname" .root }}-run-settings
    {{- with .root.Values.run.extraEnvFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    {{- with include "zagg.secrets" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    - name: ZAGG_QUEUE
      value: {{ include "zagg.queue.url" (dict "root" .root "name" (include "zagg.queue.name" (dict "root" .root "class" (.class | default .root.Values.run.class)))) | quote }}
    {{- with .root.Values.run.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if .metrics }}
  ports:
    - name: metrics
      containerPort: {{ int .root.Values.metrics.port }}
      protocol: TCP
  {{- end }}
  resources:
    {{- toYaml .root.Values.run.resources | nindent 4 }}
  securityContext:
    {{- toYaml .root.Values.securityContext | nindent 4 }}
  {{- with include "zagg.run.mounts" .root | trim }}
  volumeMounts:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "zagg.run.mounts" -}}
{{- $run := .Values.run }}
{{- if not (hasPrefix "/" $run.pipeline.file) }}
- {name: pipelines, mountPath: /zagg/pipelines, readOnly: true}
{{- end }}
{{- if $run.shardMap.configMap }}
- {name: shardmap, mountPath: /zagg/shardmap, readOnly: true}
{{- else if $run.shardMap.fetch }}
- {name: input, mountPath: /zagg/input, readOnly: true}
{{- end }}
{{ include "zagg.volumeMounts" . }}
{{- end }}

{{- define "zagg.run.volumes" -}}
{{- $run := .Values.run }}
{{- if not (hasPrefix "/" $run.pipeline.file) }}
- name: pipelines
  configMap: {name: {{ $run.pipeline.configMap | default (include "zagg.run.pipelines" .) | quote }}}
{{- end }}
{{- if $run.shardMap.configMap }}
- name: shardmap
  configMap: {name: {{ $run.shardMap.configMap | quote }}}
{{- else if $run.shardMap.fetch }}
- {name: input, emptyDir: {}}
- {name: scratch, emptyDir: {}}
{{- end }}
{{ include "zagg.volumes" . }}
{{- end }}
