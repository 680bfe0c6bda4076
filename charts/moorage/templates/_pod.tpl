{{/* What the pods of the Deployments and of the DaemonSet have in common. */}}

{{/* Of a pod template: the checksums recreate pods when their configuration changes. Certificates are read again by moorage itself. */}}
{{- define "moorage.podAnnotations" -}}
kubectl.kubernetes.io/default-container: moorage
checksum/configuration: {{ include "moorage.configuration" . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Registries' credentials: the chart's own values and, inside of another chart, those that it has for all. */}}
{{- define "moorage.imagePullSecrets" -}}
{{- with concat .Values.imagePullSecrets ((.Values.global | default dict).imagePullSecrets | default list) | uniq -}}
imagePullSecrets:
{{- range . }}
- name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "moorage.revisionHistory" -}}
{{- if not (kindIs "invalid" .Values.revisionHistoryLimit) }}
  revisionHistoryLimit: {{ .Values.revisionHistoryLimit }}
{{- end }}
{{- end -}}

{{- define "moorage.dns" -}}
{{- with .Values.dnsConfig }}
      dnsConfig:
        {{- toYaml . | nindent 8 }}
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

{{/* Environment variables of moorage: those of the values, and the memory from which on Go collects garbage rather than grow, nine tenths of the
limit, so that the limit is not met by what is garbage already. */}}
{{- define "moorage.env" -}}
{{- $given := list -}}
{{- range .Values.extraEnv }}{{ $given = append $given .name }}{{ end -}}
{{- $memory := (.Values.resources.limits | default dict).memory | default "" -}}
{{- $memory = ternary (int64 $memory | toString) (toString $memory) (kindIs "float64" $memory) -}}
{{- $unit := regexFind "[A-Za-z]*$" $memory -}}
{{- $bytes := dict "" 1 "k" 1000 "Ki" 1024 "M" 1000000 "Mi" 1048576 "G" 1000000000 "Gi" 1073741824 -}}
{{- if and (regexMatch "^[0-9]+[A-Za-z]*$" $memory) (hasKey $bytes $unit) (not (has "GOMEMLIMIT" $given)) -}}
{{- $limit := div (mul (trimSuffix $unit $memory | int64) (get $bytes $unit) 9) 10 -}}
- {name: GOMEMLIMIT, value: {{ div $limit 1048576 }}MiB}
{{ end -}}
{{- with .Values.extraEnv }}
{{- toYaml . }}
{{- end }}
{{- end -}}

{{/* Where the pods of a Deployment run, of a dict with root, affinity and selector, the labels of its pods. */}}
{{- define "moorage.placement" -}}
{{- $root := .root -}}
{{- $selector := .selector -}}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.topologySpreadConstraints }}
topologySpreadConstraints:
{{- range . }}
- {{ toYaml . | nindent 2 | trim }}
  {{- if not (hasKey . "labelSelector") }}
  labelSelector:
    matchLabels:
      {{- $selector | nindent 6 }}
  {{- if not (hasKey . "matchLabelKeys") }}
  # Pods of before an upgrade do not count.
  matchLabelKeys: [pod-template-hash]
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}
