{{/* Of the pods that run once. They are not called moorage, so that a selector for moorage's pods finds only those that serve. */}}
{{- define "moorage.jobLabels" -}}
{{- $labels := include "moorage.labels" . | fromYaml -}}
{{- toYaml (set $labels "app.kubernetes.io/name" "moorage-job") -}}
{{- end -}}

{{- define "moorage.jobPlacement" -}}
enableServiceLinks: false
{{- with include "moorage.imagePullSecrets" . }}
{{ . }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
