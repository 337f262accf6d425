{{/* How fast the number of pods may change: of an `autoscaling` block. Up fast, since jobs wait; down slowly, since each
     pod that goes drains. */}}
{{- define "zagg.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - {type: Percent, value: {{ int .scaleUp.percent }}, periodSeconds: {{ int .scaleUp.seconds }}}
    - {type: Pods, value: {{ int .scaleUp.pods }}, periodSeconds: {{ int .scaleUp.seconds }}}
scaleDown:
  stabilizationWindowSeconds: {{ int .scaleDown.stabilization }}
  policies:
    - {type: Percent, value: {{ int .scaleDown.percent }}, periodSeconds: {{ int .scaleDown.seconds }}}
{{- end }}
