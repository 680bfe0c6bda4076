{{/* What the pods of the Deployment and of the DaemonSet have in common. */}}

{{/* Of a pod template: the checksums make pods anew when their configuration changes. Certificates are read again by moorage itself. */}}
{{- define "moorage.podAnnotations" -}}
kubectl.kubernetes.io/default-container: moorage
checksum/configuration: {{ include "moorage.configuration" . | sha256sum }}
{{- if eq .Values.scheduler.mode "dedicated" }}
checksum/scheduler: {{ include "moorage.schedulerConfiguration" . | sha256sum }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A probe of a dict with probe (its times, from the values), path, port and, if need be, scheme and host. */}}
{{- define "moorage.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
  {{- with .scheme }}
  scheme: {{ . }}
  {{- end }}
  {{- with .host }}
  host: {{ . }}
  {{- end }}
{{- with .probe }}
{{ toYaml . }}
{{- end }}
{{- end -}}
