{{/* Resource classes: the `worker` block, and what a class says otherwise. */}}

{{/* The enabled classes with everything filled in, as JSON: name -> settings. Refuses what the schema cannot see. */}}
{{- define "zagg.classes" -}}
{{- $root := . }}
{{- $classes := dict }}
{{- include "zagg.queue.check" . }}
{{- range $name, $own := .Values.classes }}
{{- if and (kindIs "map" $own) (ne $own.enabled false) }}
{{- $class := mustMergeOverwrite (deepCopy $root.Values.worker) (deepCopy $own) }}
{{- $_ := set $class "queueName" (include "zagg.queue.name" (dict "root" $root "class" $name)) }}
{{- $_ := set $classes $name $class }}
{{- end }}
{{- end }}
{{- if not $classes }}{{ fail "classes: none is enabled" }}{{ end }}
{{- range $name, $class := $classes }}
{{- include "zagg.class.check" (dict "root" $root "name" $name "class" $class "classes" $classes) }}
{{- end }}
{{- toJson $classes }}
{{- end }}

{{/* The classes whose workers are in this release, as JSON: none beside a run that has a release of its own. */}}
{{- define "zagg.workers" -}}
{{- if .Values.workers.enabled }}{{ include "zagg.classes" . }}{{ else }}{}{{ end }}
{{- end }}

{{- define "zagg.class.check" -}}
{{- $name := .name }}{{ $class := .class }}{{ $values := .root.Values }}
{{- with $class.bigger }}
{{- if not (hasKey $values.classes .) }}
{{- fail (printf "classes.%s.bigger: there is no class %q; known are %s" $name . (keys $values.classes | sortAlpha | join ", ")) }}
{{- end }}
{{- if not (hasKey $.classes .) }}
{{- fail (printf "classes.%s.bigger: the class %q is not enabled: nobody would do its jobs" $name .) }}
{{- end }}
{{- if eq (include "zagg.queue.name" (dict "root" $.root "class" .)) $class.queueName }}
{{- fail (printf "classes.%s.bigger: the class %q has the same queue (%s): jobs would come back for ever" $name . $class.queueName) }}
{{- end }}
{{- end }}
{{- $seen := list $name }}{{ $at := $class.bigger }}
{{- range until 32 }}
{{- if $at }}
{{- if has $at $seen }}
{{- fail (printf "classes.%s.bigger: the classes %s are each other's bigger one" $name (append $seen $at | join " -> ")) }}
{{- end }}
{{- $seen = append $seen $at }}
{{- $at = (get $values.classes $at | default dict).bigger }}
{{- end }}
{{- end }}
{{- if and (eq $values.queue.kind "sqs") (gt (len $class.queueName) 76) }}
{{- fail (printf "queue.name: the class %q would have the queue %s-dlq with its %d characters, and SQS takes 80; shorten queue.name, or name the class's queue in classes.%s.queue" $name $class.queueName (add 4 (len $class.queueName)) $name) }}
{{- end }}
{{- if $values.workers.enabled }}
{{- include "zagg.worker.check" . }}
{{- end }}
{{- end }}

{{/* What makes no sense of a class's pods: dict root, name, class, classes. */}}
{{- define "zagg.worker.check" -}}
{{- $name := .name }}{{ $class := .class }}{{ $limits := $class.resources.limits | default dict }}
{{- include "zagg.resources.check" (dict "value" (printf "classes.%s.resources" $name) "resources" $class.resources) }}
{{- include "zagg.labels.check" (dict "value" (printf "classes.%s.podLabels" $name) "labels" $class.podLabels) }}
{{- if and $class.memoryMb (hasKey $limits "memory") (gt (mulf $class.memoryMb 1e6) (include "zagg.quantity" $limits.memory | float64)) }}
{{- fail (printf "classes.%s.memoryMb: %d MB are more than resources.limits.memory, which is %v: the pod would be killed first" $name (int $class.memoryMb) $limits.memory) }}
{{- end }}
{{- if and (regexMatch "^0%?$" (toString $class.rollingUpdate.maxSurge)) (regexMatch "^0%?$" (toString $class.rollingUpdate.maxUnavailable)) }}
{{- fail (printf "classes.%s.rollingUpdate: with maxSurge and maxUnavailable both 0 no pod could ever be replaced" $name) }}
{{- end }}
{{- if gt (int $class.autoscaling.min) (int $class.autoscaling.max) }}
{{- fail (printf "classes.%s.autoscaling.min: %d is more than autoscaling.max, which is %d" $name (int $class.autoscaling.min) (int $class.autoscaling.max)) }}
{{- end }}
{{- if eq $class.autoscaling.mode "keda" }}
{{- include "zagg.keda.check" (dict "root" .root "name" $name "class" $class) }}
{{- end }}
{{- if and (eq $class.autoscaling.mode "hpa") (lt (int $class.autoscaling.min) 1) }}
{{- fail (printf "classes.%s.autoscaling.min: an HPA cannot scale to 0; say 1, or take autoscaling.mode: keda" $name) }}
{{- end }}
{{- if and (eq $class.autoscaling.mode "hpa") (not (or (get ($class.resources.requests | default dict) "cpu") $limits.cpu)) }}
{{- fail (printf "classes.%s.resources.requests.cpu: an HPA scales by percent of it; say how much, or take another autoscaling.mode" $name) }}
{{- end }}
{{- range $other, $its := .classes }}
{{- if and (lt $name $other) (eq $its.queueName $class.queueName) (eq $class.autoscaling.mode "keda") }}
{{- fail (printf "classes.%s.queue: the class %q has the same queue (%s); each would be scaled by the other's jobs" $name $other $class.queueName) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Nodes of a spot provider: label, its value, whether the nodes are tainted with it, whether EC2's notices are to be had. */}}
{{- define "zagg.spot.providers" -}}
karpenter: {label: karpenter.sh/capacity-type, value: spot, tainted: false, ec2: true}
eks: {label: eks.amazonaws.com/capacityType, value: SPOT, tainted: false, ec2: true}
gke: {label: cloud.google.com/gke-spot, value: "true", tainted: true, ec2: false}
aks: {label: kubernetes.azure.com/scalesetpriority, value: spot, tainted: true, ec2: false}
{{- end }}

{{- define "zagg.spot.ec2" -}}
{{- if .spot.enabled }}{{ (get (include "zagg.spot.providers" . | fromYaml) .spot.provider).ec2 }}{{ end }}
{{- end }}

{{/* Affinity of a class: its own, and the spot provider's nodes. Of required terms any one is enough, so each of them gets
     the provider's label. */}}
{{- define "zagg.affinity" -}}
{{- $affinity := deepCopy (.affinity | default dict) }}
{{- if .spot.enabled }}
{{- $provider := get (include "zagg.spot.providers" . | fromYaml) .spot.provider }}
{{- $expression := dict "key" $provider.label "operator" "In" "values" (list $provider.value) }}
{{- $node := $affinity.nodeAffinity | default dict }}
{{- if .spot.required }}
{{- $own := $node.requiredDuringSchedulingIgnoredDuringExecution | default dict }}
{{- $terms := list }}
{{- range $own.nodeSelectorTerms | default (list dict) }}
{{- $terms = append $terms (set . "matchExpressions" (append (.matchExpressions | default list) $expression)) }}
{{- end }}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" $terms) }}
{{- else }}
{{- $own := $node.preferredDuringSchedulingIgnoredDuringExecution | default list }}
{{- $preference := dict "weight" 100 "preference" (dict "matchExpressions" (list $expression)) }}
{{- $_ := set $node "preferredDuringSchedulingIgnoredDuringExecution" (append $own $preference) }}
{{- end }}
{{- $_ := set $affinity "nodeAffinity" $node }}
{{- end }}
{{- if $affinity }}{{ toYaml $affinity }}{{ end }}
{{- end }}

{{- define "zagg.tolerations" -}}
{{- $tolerations := .tolerations | default list }}
{{- if .spot.enabled }}
{{- $provider := get (include "zagg.spot.providers" . | fromYaml) .spot.provider }}
{{- if $provider.tainted }}
{{- $tolerations = append $tolerations (dict "key" $provider.label "operator" "Equal" "value" $provider.value "effect" "NoSchedule") }}
{{- end }}
{{- end }}
{{- if $tolerations }}{{ toYaml $tolerations }}{{ end }}
{{- end }}
